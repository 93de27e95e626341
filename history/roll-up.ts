/** Rows of usage as sums per series and span of time; pure. A series is one combination of labels. */
import { createHash } from 'node:crypto';
import { type Label, SERIES_LABELS, type UsageRow } from '#contract/history/usage-row';
import { dayOf, monthOf } from './days.ts';

/** Sums of one kind: which labels they tell apart, and over which span of time. */
export interface Grain {
  readonly id: number;
  readonly labels: readonly Label[];
  readonly bucketOf: (timeMs: number) => number;
}

const monthOfTime = (timeMs: number): number => monthOf(dayOf(timeMs));
/** Few beside the user, since there are so many of him. */
const USER_LABELS: readonly Label[] = ['namespace', 'team', 'user'];

export const GRAINS = {
  day: { id: 1, labels: SERIES_LABELS, bucketOf: dayOf },
  month: { id: 2, labels: SERIES_LABELS, bucketOf: monthOfTime },
  userDay: { id: 3, labels: USER_LABELS, bucketOf: dayOf },
  userMonth: { id: 4, labels: USER_LABELS, bucketOf: monthOfTime },
} as const satisfies Readonly<Record<string, Grain>>;

export interface Series {
  readonly id: bigint;
  readonly grain: number;
  readonly labels: Readonly<Partial<Record<Label, string>>>;
  readonly lastDay: number;
}

export interface Delta {
  readonly grain: number;
  /** The day that it begins, counted from 1970. */
  readonly bucket: number;
  readonly series: bigint;
  /** In the order of `MEASURES`. */
  readonly measures: bigint[];
}

/** What a row adds, or what a correction of it changes. */
export interface Change {
  readonly row: UsageRow;
  readonly measures: readonly bigint[];
}

/** 63 bits: under ten million series the odds that any two share one are 1 to 180,000, and they grow with the square. */
const idOf = (key: string): bigint => createHash('sha256').update(key).digest().readBigUInt64BE() >> 1n;

/** Ids by key, so that a digest is made once for each series of a batch. */
export class SeriesIds {
  readonly #ids = new Map<string, bigint>();

  of(grain: Grain, row: UsageRow): bigint {
    // Series of a history that knew no keys stay what they are.
    const labels = row.key === '' ? grain.labels.filter((label) => label !== 'key') : grain.labels;
    const key = JSON.stringify([labels.length, ...labels.map((label) => row[label])]);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = idOf(key);
      this.#ids.set(key, id);
    }
    return id;
  }
}

/** Of a session in the sense of finance: the same id is another session in another feature, workload or team. */
export const sessionId = (row: UsageRow): bigint =>
  idOf(
    JSON.stringify([
      'session',
      ...[row.namespace, row.workload, row.team, row.project, row.environment, row.feature, row.session],
    ]),
  );

export interface RollUp {
  /** By id. */
  readonly series: readonly Series[];
  /** By grain, bucket and series: whoever writes in this order never waits for another in a circle. */
  readonly deltas: readonly Delta[];
}

export function rollUp(changes: readonly Change[], ids = new SeriesIds()): RollUp {
  const series = new Map<bigint, Series>();
  const deltas = new Map<string, Delta>();
  for (const { row, measures } of changes)
    for (const grain of Object.values<Grain>(GRAINS)) {
      const id = ids.of(grain, row);
      addSeries(series, grain, row, id);
      const bucket = grain.bucketOf(row.timeMs);
      const key = `${grain.id} ${bucket} ${id}`;
      const delta = deltas.get(key);
      if (delta === undefined) deltas.set(key, { grain: grain.id, bucket, series: id, measures: [...measures] });
      else addTo(delta.measures, measures);
    }
  return {
    series: [...series.values()].toSorted((a, b) => order(a.id, b.id)),
    deltas: [...deltas.values()].toSorted(
      (a, b) => a.grain - b.grain || a.bucket - b.bucket || order(a.series, b.series),
    ),
  };
}

function addSeries(to: Map<bigint, Series>, grain: Grain, row: UsageRow, id: bigint): void {
  const known = to.get(id);
  const lastDay = dayOf(row.timeMs);
  if (known !== undefined && known.lastDay >= lastDay) return;
  const labels = known?.labels ?? Object.fromEntries(grain.labels.map((label) => [label, row[label]]));
  to.set(id, { id, grain: grain.id, labels, lastDay });
}

function addTo(sums: bigint[], more: readonly bigint[]): void {
  for (const [index, value] of more.entries()) if (value !== 0n) sums[index] = (sums[index] ?? 0n) + value;
}

const order = (a: bigint, b: bigint): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};
