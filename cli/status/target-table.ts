/** What sidecars know of their targets as a table. Pure. */
import { table } from '#cli/output/table';
import type { SeenTarget, SeenTargets } from './targets.ts';

/** Of targets of which all is well only what was asked for. */
export function targetText({ targets, told }: Pick<SeenTargets, 'targets' | 'told'>, wide: boolean): string {
  const shown = wide ? targets : targets.filter(({ concerns }) => concerns.length > 0);
  if (shown.length > 0) return wide ? wideTable(shown) : concernTable(shown);
  if (told === 0) return '';
  return `All targets of ${told === 1 ? 'the sidecar' : `${told} sidecars`} are fit.\n`;
}

const PLACE = ['NAMESPACE', 'POD', 'PROVIDER', 'MODEL'];

const placeOf = ({ namespace, pod, provider, model }: SeenTarget): string[] => [namespace, pod, provider, model];

const concernTable = (rows: readonly SeenTarget[]): string =>
  table(
    [...PLACE, 'CONCERN', 'FOR', 'REASON'],
    rows.flatMap((row) => row.concerns.map((concern) => [...placeOf(row), ...concernCells(concern)])),
  );

const wideTable = (rows: readonly SeenTarget[]): string =>
  table(
    [...PLACE, 'BREAKER', 'EWMA', 'P95', 'EWMA-STREAMED', 'P95-STREAMED', 'ROUTES', 'CONCERNS'],
    rows.map((row) => [
      ...[...placeOf(row), row.breaker ?? 'none'],
      ...latencyCells(row.latency?.whole),
      ...latencyCells(row.latency?.streamed),
      row.routes.join(','),
      row.concerns.map((concern) => concernCells(concern).join(' ')).join('; '),
    ]),
  );

const concernCells = ({ by, state, reason, forMs }: SeenTarget['concerns'][number]): [string, string, string] => [
  state === undefined ? by : `${by} ${state}`,
  forMs > 0 ? `${Math.ceil(forMs / 1_000)}s` : '',
  reason,
];

function latencyCells(latency: NonNullable<SeenTarget['latency']>['whole'] | undefined): string[] {
  return [latency?.averageMs, latency?.p95Ms].map((ms) => (typeof ms === 'number' ? `${ms}ms` : ''));
}
