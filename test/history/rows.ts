/** Rows of usage for tests, and what any history must make of them: a plain sum in memory. */
import fc from 'fast-check';
import { addMeasures, MEASURES, type Measures, NO_MEASURES } from '#contract/history/report';
import { COUNTS, type Label, OUTCOMES, TRAFFIC, type UsageRow, usageRow } from '#contract/history/usage-row';
import { measuresOf } from '#history/columns';

export const NOW = Date.UTC(2026, 10, 21, 12);
export const DAY_MS = 86_400_000;

export const rowOf = (row: Partial<UsageRow> = {}): UsageRow =>
  usageRow.parse({
    instance: 'pod-1',
    seq: 1,
    timeMs: NOW,
    attempt: 1,
    namespace: 'shop',
    workload: 'web',
    team: 'payments',
    feature: 'chatbot',
    provider: 'shop/openai',
    providerName: 'openai',
    model: 'gpt-5',
    operation: 'chat',
    inputTokens: 1_000,
    outputTokens: 100,
    costNanoUsd: 2_250_000n,
    totalMs: 900,
    firstTokenMs: 200,
    outcome: 'ok',
    billing: 'reported',
    ...row,
  });

const text = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
/** What may be in a label, too. */
const odd = text('', 'ann', "o'hara", '"; DROP TABLE usage_row; --', 'Zoë 日本 🦈', '?', '$1');

export const anyRow: fc.Arbitrary<UsageRow> = fc
  .record({
    instance: text('pod-1', 'pod-2'),
    timeMs: fc.integer({ min: NOW - 70 * DAY_MS, max: NOW }),
    attempt: fc.integer({ min: 1, max: 3 }),
    namespace: text('shop', 'search'),
    team: text('payments', 'growth', ''),
    feature: text('chatbot', 'summaries'),
    variant: odd,
    user: odd,
    session: text('', 's1', 's2', 's3'),
    run: text('', 'r1'),
    key: text('', 'shop/ci', 'shop/partner'),
    provider: text('shop/openai', 'shop/claude'),
    model: text('gpt-5', 'gpt-5-mini'),
    outcome: fc.constantFrom(...OUTCOMES),
    traffic: fc.constantFrom(...TRAFFIC),
    billing: text('reported', 'estimated', 'possibly_billed', 'nothing') as fc.Arbitrary<UsageRow['billing']>,
    costNanoUsd: fc.option(fc.bigInt({ min: 0n, max: 10n ** 14n })),
    firstTokenMs: fc.option(fc.integer({ min: 0, max: 5_000 })),
    inputTokens: fc.integer({ min: 0, max: 10 ** 10 }),
    ...Object.fromEntries(COUNTS.slice(1).map((kind) => [kind, fc.integer({ min: 0, max: 10_000 })])),
  })
  .map((row) => rowOf(row));

/** Each with a number of its own. */
export const anyRows = (maxLength: number): fc.Arbitrary<UsageRow[]> =>
  fc.array(anyRow, { minLength: 1, maxLength }).map((rows) => rows.map((row, seq) => ({ ...row, seq })));

/** The same on every run. */
export const someRows = (length: number): UsageRow[] =>
  fc.sample(anyRow, { numRuns: length, seed: 7 }).map((row, seq) => ({ ...row, seq }));

/** Of one row, as the history sums it; sessions aside. */
export const measures = (row: UsageRow): Measures => {
  const values = measuresOf(row);
  return Object.fromEntries(MEASURES.map((name, index) => [name, values[index]])) as Measures;
};

export const sumOf = (rows: readonly UsageRow[]): Measures =>
  rows.reduce((sum, row) => addMeasures(sum, measures(row)), NO_MEASURES);

/** Sums by the values of labels, as a report has them but for their order. */
export function sumsBy(rows: readonly UsageRow[], by: readonly Label[]): Map<string, Measures> {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(by.map((label) => row[label])));
  return new Map([...groups].map(([key, group]) => [key, sumOf(group)]));
}

/** Sessions are counted where they are first seen, which depends on the order of arrival. */
export const withoutSessions = (of: Measures): Measures => ({ ...of, sessions: 0n });
