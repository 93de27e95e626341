/** The rows of `remora status` as text. Pure. */
import { table } from '#cli/output/table';
import type { BudgetRow, PriceBookRow, RouteRow, SidecarRow } from './rows.ts';
import { targetText } from './target-table.ts';
import type { SeenTargets } from './targets.ts';

export interface StatusReport {
  readonly routes: readonly RouteRow[];
  readonly sidecars: readonly SidecarRow[];
  /** Of all that told. */
  readonly targets: SeenTargets['targets'];
  readonly told: SeenTargets['told'];
  readonly budgets: readonly BudgetRow[];
  /** Of each operator, mostly one. */
  readonly priceBooks: readonly PriceBookRow[];
  /** What could not be read, one sentence each. */
  readonly faults: readonly string[];
}

/** As much of a hash as tells policies apart. */
const SHORT = 12;

export function statusText(
  { routes, sidecars, budgets, priceBooks, faults, ...seen }: StatusReport,
  wide: boolean,
): string {
  const targets = targetText(seen, wide);
  const sections = [
    section('AIRoutes', routes, (rows) => routeTable(rows, wide)),
    section('Sidecars', sidecars, (rows) => sidecarTable(rows, wide)),
    ...(targets === '' ? [] : [targets]),
    section('AIBudgets', budgets, (rows) => (wide ? limitTable(rows) : budgetTable(rows))),
    ...(wide && priceBooks.length > 0 ? [priceBookTable(priceBooks)] : []),
    ...stopLines(budgets),
    ...faults.map((fault) => `× ${fault}\n`),
  ];
  return sections.join('\n');
}

const section = <R>(title: string, rows: readonly R[], render: (rows: readonly R[]) => string): string =>
  rows.length === 0 ? `No ${title}.\n` : render(rows);

const routeTable = (rows: readonly RouteRow[], wide: boolean): string =>
  table(
    ['NAMESPACE', 'AIROUTE', 'READY', 'PROGRAMMED', 'TARGETS', ...(wide ? ['REASON', 'MESSAGE'] : [])],
    rows.map(({ namespace, name, ready, programmed, targets, reason, message }) => [
      ...[namespace, name, ready, programmed, targets.join(',')],
      ...(wide ? [reason, message] : []),
    ]),
  );

const sidecarTable = (rows: readonly SidecarRow[], wide: boolean): string =>
  table(
    ['NAMESPACE', 'POD', 'STATE', 'POLICY', 'REASON'],
    rows.map(({ namespace, pod, state, policy, reason }) => [
      ...[namespace, pod, state, wide ? policy : policy.slice(0, SHORT), reason],
    ]),
  );

const budgetTable = (rows: readonly BudgetRow[]): string =>
  table(
    ['NAMESPACE', 'AIBUDGET', 'SPENT', 'REMAINING', 'PERCENT'],
    rows.map(({ namespace, name, spent, remaining, percent }) => [namespace, name, spent, remaining, percent]),
  );

/** Below the table, where nobody overlooks it. */
const stopLines = (rows: readonly BudgetRow[]): string[] =>
  rows.flatMap(({ namespace, name, stopped }) =>
    stopped === undefined ? [] : [`× ${namespace}/${name} is STOPPED${stopped === '' ? '' : `: ${stopped}`}\n`],
  );

const priceBookTable = (rows: readonly PriceBookRow[]): string =>
  table(
    ['NAMESPACE', 'PRICE BOOK', 'AGE', 'SOURCE'],
    rows.map(({ namespace, version, ageDays, source }) => [namespace, version, `${ageDays}d`, source]),
  );

const limitTable = (rows: readonly BudgetRow[]): string =>
  table(
    ['NAMESPACE', 'AIBUDGET', 'LIMIT', 'SPENT', 'REMAINING', 'PERCENT', 'UNTIL'],
    rows.flatMap(({ namespace, name, limits }) =>
      limits.map(({ limit, spent, remaining, percent, windowEnd }) => [
        ...[namespace, name, limit, spent, remaining, percent, windowEnd],
      ]),
    ),
  );
