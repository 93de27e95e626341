/** A report as a table for a terminal. Pure. */
import { printable } from '#cli/output/printable';
import { table } from '#cli/output/table';
import { UserError } from '#cli/user-error';

interface Sums {
  readonly costUsd: string;
  readonly requests: string;
  readonly attempts: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
  readonly unpriced: string;
}

interface ReportJson {
  readonly by: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly keptFrom: string;
  readonly total: Sums;
  readonly groups: readonly (Sums & {
    readonly period: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly groups: number;
    readonly share: number;
  })[];
}

const AMOUNTS = ['COST-USD', 'SHARE', 'REQUESTS', 'ATTEMPTS', 'INPUT-TOKENS', 'OUTPUT-TOKENS'];

/** Of the JSON that the history answers. Throws UserError for anything else. */
export function reportTable(json: string): string {
  const report = parsed(json);
  const { by, groups, total } = report;
  const hasPeriods = groups.some(({ period }) => period !== '');
  const rows = groups.map((group) => [
    ...(hasPeriods ? [group.period] : []),
    ...labelsOf(by, group),
    ...cellsOf(group, `${group.share.toFixed(2)} %`),
  ]);
  const blank = [...(hasPeriods ? [''] : []), ...by.map(() => '')];
  const isSum = by.length === 0 && !hasPeriods;
  return (
    table(
      [...(hasPeriods ? ['PERIOD'] : []), ...by.map((label) => label.toUpperCase()), ...AMOUNTS],
      isSum ? [cellsOf(total, '')] : [...rows, [...blank.with(0, 'total'), ...cellsOf(total, '')]],
    ) + notesOf(report)
  );
}

const labelsOf = (by: readonly string[], { labels, groups }: ReportJson['groups'][number]): string[] =>
  labels === undefined
    ? by.map((_, index) => (index === 0 ? `(${groups} others)` : ''))
    : by.map((label) => printable(labels[label] ?? ''));

const cellsOf = (of: Sums, share: string): string[] => [
  ...[of.costUsd, share, of.requests, of.attempts, of.inputTokens, of.outputTokens],
];

function notesOf({ from, to, keptFrom, total }: ReportJson): string {
  const notes = [`From ${from} until before ${to}, days of UTC.`];
  if (total.unpriced !== '0') notes.push(`The cost of ${total.unpriced} more attempts is not known.`);
  if (keptFrom > from) notes.push(`Nothing from before ${keptFrom} is left.`);
  return `${notes.join(' ')}\n`;
}

function parsed(json: string): ReportJson {
  try {
    const value = JSON.parse(json) as ReportJson;
    if (Array.isArray(value.groups) && Array.isArray(value.by)) return value;
  } catch {
    // Said below.
  }
  throw new UserError('What answered is no history of Remora. Is --operator right?');
}
