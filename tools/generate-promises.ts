/** The table of promises of `docs/reference/resilience.md`. Throws where a proof that it names does not exist. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COUNTS } from '#test/support/counts';
import { code, page, table } from './markdown.ts';
import { PROMISES, type PromiseRow, type Proof } from './promises.ts';

const ROOT = join(import.meta.dirname, '..');
/** A test or a journey with its title, as they are written. */
const TITLED = /\b(?:test|journey)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;

/** What a title has from its test's data stands as `…`. */
export const titlesIn = (source: string): string[] =>
  [...source.matchAll(TITLED)].map(([, , title = '']) =>
    title.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…').replaceAll(/\\(.)/g, '$1'),
  );

/** Throws where there is no such test. `read` gives the text of a file, undefined where there is none. */
export function requireProofs(rows: readonly PromiseRow[], read: (file: string) => string | undefined): void {
  for (const { promise, proofs } of rows) {
    if (proofs.length === 0) throw new Error(`nothing proves: ${promise}`);
    for (const { file, title } of proofs) {
      const source = read(file);
      if (source === undefined) throw new Error(`${file} does not exist, which should prove: ${promise}`);
      if (!titlesIn(source).includes(title))
        throw new Error(`${file} has no test "${title}", which should prove: ${promise}`);
    }
  }
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(join(ROOT, file), 'utf8');
  } catch {
    return undefined;
  }
}

const proofText = ({ file, title }: Proof): string => `${title} (${code(file)})`;

const number = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

export function promises(): string {
  requireProofs(PROMISES, readSource);
  const rows = PROMISES.map(({ promise, bound, proofs, count, measured }) => [
    promise,
    bound,
    proofs.map(proofText).join('; '),
    count === undefined ? '' : `${number(COUNTS[count].ci)}; ${number(COUNTS[count].nightly)}`,
    measured === undefined ? '' : `[${measured}](measured/${measured}.md)`,
  ]);
  return page(
    '## Promises',
    'Each with the tests that prove it; `npm run check` holds that these exist. Tests judge by order and cause, never by a time: times are measured, on the pages named. Journeys run on a real Kubernetes (`npm run test:cluster`).',
    'Some tests can try any number (requests of each fault, cuts of each stream, cases, splits, seconds, streams). One variable says how many: without it each run tries the first number of the column Tried, with `REMORA_RUN=nightly npm test` the second, which is no less than what is promised.',
    table(['Promise', 'Bound', 'Proven by', 'Tried', 'Measured'], rows),
  );
}
