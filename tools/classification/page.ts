/** `node tools/classification/page.ts`: measures the classifier on the labelled requests and writes the page of figures; a test holds that it is up to date. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '#tools/markdown';
import { type Evaluation, type Measured, measure } from './evaluate.ts';
import { readLabelled } from './labelled.ts';

export const PAGE = 'docs/reference/measured/classification.md';
/** Between which bounds a share lies with 95 per cent (Wilson). */
const Z = 1.96;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const two = (value: number): string => value.toFixed(2);

export function atMost(count: number, of: number): number {
  const share = count / of;
  const middle = share + Z ** 2 / (2 * of);
  const spread = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return (middle + spread) / (1 + Z ** 2 / of);
}

const scoreTable = ({ scores }: Evaluation): string =>
  table(
    ['class', 'requests', 'found', 'right', 'precision', 'recall', 'F1'],
    scores.map(({ name, labelled, found, right, f1 }) => [
      name,
      String(labelled),
      String(found),
      String(right),
      two(found === 0 ? 0 : right / found),
      two(right / labelled),
      two(f1),
    ]),
  );

function confusionTable({ scores, confusion }: Evaluation): string {
  const names = scores.map(({ name }) => name);
  return table(
    ['labelled ↓ found →', ...names],
    names.map((label) => [label, ...names.map((found) => String(confusion.get(label)?.get(found) ?? 0))]),
  );
}

/** Embeddings are told by their operation, which is no feat. */
export const macroOfText = ({ scores }: Evaluation): number => {
  const texts = scores.filter(({ name }) => name !== 'Embedding');
  return texts.reduce((sum, { f1 }) => sum + f1, 0) / texts.length;
};

const summary = (frozen: Measured, development: Measured): string =>
  table(
    ['figure', 'frozen', 'development (fitted to it)'],
    [
      ['requests', String(frozen.requests), String(development.requests)],
      ['task, macro-F1', two(frozen.task.macroF1), two(development.task.macroF1)],
      ['task, macro-F1 without Embedding', two(macroOfText(frozen.task)), two(macroOfText(development.task))],
      ['task, right', percent(frozen.task.accuracy), percent(development.task.accuracy)],
      ['complexity, macro-F1', two(frozen.complexity.macroF1), two(development.complexity.macroF1)],
      ['complexity, right', percent(frozen.complexity.accuracy), percent(development.complexity.accuracy)],
      ['complex taken for simple', wrongText(frozen), wrongText(development)],
    ],
  );

const wrongText = ({ complexTakenForSimple: { count, of } }: Measured): string =>
  `${count} of ${of} (${percent(count / of)})`;

export function classificationPage(): string {
  const all = readLabelled();
  const frozen = measure(all.filter(({ isFrozen }) => isFrozen));
  const development = measure(all.filter(({ isFrozen }) => !isFrozen));
  const { count, of } = frozen.complexTakenForSimple;
  return `# Classification

Written by \`node tools/classification/page.ts\` from the labelled requests in \`tools/classification/labelled\`; a test fails where it is not what they give. The weights come from
\`node tools/classification/fit.ts\`, which reads the requests for development alone. How requests are labelled: \`tools/classification/README.md\`.

${summary(frozen, development)}
How far to trust this:

- Labels, requests and words are by the same hand, in English with some German, Spanish and French. Requests of your own differ more from these than these from each other: expect less.
- Labels are one reading. Where two tasks are in one request (a summary of code, a question that is a sum) people differ too.
- ${count} of ${of} complex requests were taken for simple; with so few the true share may be up to ${percent(atMost(count, of))} (95 %).
- The frozen requests were measured twice. The first classifier, fitted to the first 262 for development, had a macro-F1 of 0.74 and took 2 of 42 complex requests for simple. The 135 requests in
  \`labelled/later\` were written then, for development alone, the words and the threshold chosen anew by cross validation within development, and the second measurement is the one above.

## Task, frozen requests

${scoreTable(frozen.task)}
${confusionTable(frozen.task)}
## Complexity, frozen requests

${scoreTable(frozen.complexity)}
${confusionTable(frozen.complexity)}`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../..', PAGE), classificationPage());
