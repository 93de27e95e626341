/**
 * `npm run bench -- faults`: one of two providers fails, in each way there is, under load. Sidecar, providers and clients are one process, so that
 * times count against those of a sound pair in the same run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askMany, type FaultyPair, retriesIn, startPair } from '#test/sidecar/resilience/fault-run';
import { type FaultRow, faultRows } from '#test/sidecar/resilience/faults';
import { selfSigned } from '#test/support/self-signed';

const PAGE = fileURLToPath(new URL('../../docs/reference/measured/faults.md', import.meta.url));
/** So many requests at the beginning find out that the target fails. */
const SETTLED_AFTER = 200;
const RECOVERY_DEADLINE_MS = 60_000;

interface Row {
  readonly name: string;
  readonly failures: number;
  /** All attempts over all requests, not counting the turn to another target. */
  readonly amplification: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the end of the fault until the target answered again; undefined where it never stopped. */
  readonly backMs: number | undefined;
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** Asks one after the other until the first target answers. */
async function timeToReturn({ running, recover }: FaultyPair): Promise<number> {
  await recover();
  const startMs = performance.now();
  while (performance.now() - startMs < RECOVERY_DEADLINE_MS) {
    running.records.length = 0;
    await askMany(running, 1);
    if (running.records.some(({ answeredBy }) => answeredBy === 'first/m')) return performance.now() - startMs;
  }
  return Number.POSITIVE_INFINITY;
}

async function runRow(row: FaultRow, requests: number): Promise<Row> {
  await using stack = new AsyncDisposableStack();
  const pair = await startPair({ after: (release) => stack.defer(release) }, row);
  const { failures, tookMs } = await askMany(pair.running, requests);
  const settled = tookMs.slice(SETTLED_AFTER).toSorted((a, b) => a - b);
  const amplification = 1 + retriesIn(pair.running) / requests;
  return {
    name: row.name,
    failures: failures.length,
    amplification,
    p50Ms: percentile(settled, 0.5),
    p99Ms: percentile(settled, 0.99),
    backMs: row.isHarmless || row.isParked || row.isTls ? undefined : await timeToReturn(pair),
  };
}

const SOUND: FaultRow = { name: 'is sound', isHarmless: true };

/** Returns the page. `write`: into the documentation, too. */
export async function benchFaults(requests: number, write: boolean, progress: (line: string) => void): Promise<string> {
  const loadBefore = loadavg()[0] ?? 0;
  const rows: Row[] = [];
  // For nothing but the compiler: the first row is what all others are held against.
  await runRow(SOUND, requests);
  for (const row of [SOUND, ...faultRows(await selfSigned())]) {
    rows.push(await runRow(row, requests));
    progress(lineOf(rows.at(-1) as Row, rows[0] as Row));
  }
  const text = page(rows, { requests, loadBefore });
  if (write) {
    mkdirSync(dirname(PAGE), { recursive: true });
    writeFileSync(PAGE, text);
  }
  return text;
}

const lineOf = ({ name, failures, amplification, p50Ms, p99Ms, backMs }: Row, sound: Row): string => {
  const added = (value: number, base: number): string => (value - base).toFixed(1);
  const back = backMs === undefined ? '–' : (backMs / 1_000).toFixed(1);
  return `| ${name} | ${failures} | ${amplification.toFixed(2)} | ${added(p50Ms, sound.p50Ms)} | ${added(p99Ms, sound.p99Ms)} | ${back} |`;
};

function page(rows: readonly Row[], { requests, loadBefore }: { requests: number; loadBefore: number }): string {
  const [sound] = rows;
  if (sound === undefined) return '';
  return `# Faults under load

Written by \`npm run bench -- faults --write\`. Each row: a provider that fails in one way, a sound one as its fallback, ${requests} requests, 16 at once, 30 % of
them streams. **Failed** are answers other than 200, and streams that end neither with their terminator nor, after content, in the error of their API.
**Amplification** is all attempts over all requests; the turn to the fallback is none. Added times are over those of a sound pair (${sound.p50Ms.toFixed(1)} ms at the median, ${sound.p99Ms.toFixed(1)} ms
at p99) in the same process, after the first ${SETTLED_AFTER} requests. **Back** is the time from the end of the fault until the provider got its requests again.

Measured ${new Date().toISOString().slice(0, 10)} on ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}. Load average ${loadBefore.toFixed(1)} before.

| the provider | failed | amplification | added p50, ms | added p99, ms | back, s |
| --- | --- | --- | --- | --- | --- |
${rows
  .slice(1)
  .map((row) => lineOf(row, sound))
  .join('\n')}
`;
}
