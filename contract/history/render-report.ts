/** A report as CSV and as JSON. Amounts are exact decimals in both. */
import { formatUsd } from '#contract/policy/money';
import { asText, csvLine } from './csv.ts';
import type { Days } from './questions.ts';
import { MEASURES, type Measures, type ReportAnswer, type ReportGroup } from './report.ts';

/** What the sum of the groups beyond the dearest is called. */
const REST = '(others)';
const MONEY: ReadonlySet<string> = new Set(['costNanoUsd', 'sessionCostNanoUsd']);

/** Percent of the whole with two decimals, rounded down; 0 of nothing. */
export const percentOf = (part: bigint, whole: bigint): number =>
  whole === 0n ? 0 : Number((part * 10_000n) / whole) / 100;

const shown = (name: string): string => name.replace('NanoUsd', 'Usd');

const amounts = (measures: Measures): (readonly [name: string, text: string])[] =>
  MEASURES.map((name) => [shown(name), MONEY.has(name) ? formatUsd(measures[name]) : String(measures[name])]);

const labelsOf = ({ by }: ReportAnswer, { labels }: ReportGroup): readonly string[] =>
  labels ?? by.map((_, index) => (index === 0 ? REST : ''));

/** A head, then one line per group. `share` is in percent of the cost of the whole report. */
export function reportCsv(answer: ReportAnswer): string {
  const head = ['period', ...answer.by, ...MEASURES.map(shown), 'share'];
  const lines = answer.groups.map((group) => [
    group.period,
    ...labelsOf(answer, group).map(asText),
    ...amounts(group.measures).map(([, text]) => text),
    String(percentOf(group.measures.costNanoUsd, answer.total.costNanoUsd)),
  ]);
  return [head, ...lines].map(csvLine).join('');
}

/** Every amount is a decimal string. `keptFrom` is `''` while nothing was deleted. */
export const reportJson = (answer: ReportAnswer, { from, to }: Days): string =>
  `${JSON.stringify(
    {
      by: answer.by,
      from,
      to,
      keptFrom: answer.keptFrom,
      source: answer.source,
      total: Object.fromEntries(amounts(answer.total)),
      groups: answer.groups.map((group) => ({
        period: group.period,
        labels: group.labels && Object.fromEntries(answer.by.map((label, index) => [label, group.labels?.[index]])),
        groups: group.groups,
        share: percentOf(group.measures.costNanoUsd, answer.total.costNanoUsd),
        ...Object.fromEntries(amounts(group.measures)),
      })),
    },
    undefined,
    2,
  )}\n`;
