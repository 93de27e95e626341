/** Objects of a cluster into the rows of `remora status`. Pure. */
import { type BudgetObject, type ConfigMapObject, isOver, type PodObject, type RouteObject } from '#cli/kube/objects';
import { KIND } from '#contract/names/api';
import { CONDITION } from '#contract/names/conditions';
import { PRICE_BOOK_KEYS } from '#contract/names/price-book';
import type { AckReport } from '#contract/wire/ack-report';
import { type KnownObject, type SidecarState, sidecarView } from './sidecar-state.ts';

export interface RouteRow {
  readonly namespace: string;
  readonly name: string;
  readonly ready: string;
  /** Sidecars that run the present generation, of those that should: `N/M`. */
  readonly programmed: string;
  /** `provider/model`, in the order in which they are written. */
  readonly targets: readonly string[];
  readonly reason: string;
  readonly message: string;
}

export interface SidecarRow {
  readonly namespace: string;
  readonly pod: string;
  readonly state: SidecarState;
  readonly policy: string;
  readonly reason: string;
}

export interface BudgetRow {
  readonly namespace: string;
  readonly name: string;
  readonly spent: string;
  readonly remaining: string;
  readonly percent: string;
  /** Why requests are refused whatever was spent; absent: its kill switch is off. */
  readonly stopped?: string;
  readonly limits: readonly LimitRow[];
}

interface LimitRow {
  readonly limit: string;
  readonly spent: string;
  readonly remaining: string;
  readonly percent: string;
  readonly windowEnd: string;
}

export interface PriceBookRow {
  readonly namespace: string;
  readonly version: string;
  readonly source: string;
  /** Since the date of the book. */
  readonly ageDays: number;
}

export function priceBookRow({ metadata, data = {} }: ConfigMapObject, nowMs: number): PriceBookRow {
  const { [PRICE_BOOK_KEYS.version]: version = '', [PRICE_BOOK_KEYS.source]: source = '' } = data;
  const ageDays = Math.floor((nowMs - Date.parse(version.slice(0, 'YYYY-MM-DD'.length))) / 86_400_000);
  return { namespace: metadata.namespace ?? '', version, source, ageDays };
}

export function routeRow({ metadata, spec, status }: RouteObject): RouteRow {
  const ready = status?.conditions?.find(({ type }) => type === CONDITION.ready);
  const rules = spec?.rules ?? [spec ?? {}];
  const targets = rules.flatMap(({ targets: first = [], fallbacks = [], variants = [] }) => [
    ...[...first, ...fallbacks],
    ...variants.map(({ target }) => target),
  ]);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ready: ready?.status ?? 'Unknown',
    programmed: status?.programmed ?? '',
    targets: [...new Set(targets.map(({ model }) => model))],
    reason: ready?.reason ?? '',
    message: ready?.message ?? 'the operator has not looked at it yet',
  };
}

export interface Policed {
  /** undefined: they could not be read. */
  readonly acks: AckReport | undefined;
  readonly objects: readonly KnownObject[];
}

/** Of a pod with a sidecar that is not over. */
export const sidecarRows = (pods: readonly PodObject[], { acks, objects }: Policed): SidecarRow[] =>
  pods
    .filter((pod) => !isOver(pod))
    .map(({ metadata }) => ({
      namespace: metadata.namespace ?? '',
      pod: metadata.name,
      ...sidecarView(metadata, acks, objects),
    }));

export const budgetRow = ({ metadata, spec, status }: BudgetObject): BudgetRow => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  spent: status?.spent ?? '',
  remaining: status?.remaining ?? '',
  percent: status?.percent ?? '',
  ...(spec?.stop === true && { stopped: spec.stopReason ?? '' }),
  limits: (status?.limits ?? []).map(({ name, spent, remaining, percent, windowEnd }) => ({
    limit: name,
    spent,
    remaining,
    percent: `${percent}%`,
    windowEnd: windowEnd ?? '-',
  })),
});

/** Kinds as lists of the API server give them, which do not say it themselves. */
export const known = (lists: Readonly<Partial<Record<keyof typeof KIND, readonly object[]>>>): KnownObject[] =>
  Object.entries(lists).flatMap(([key, items]) =>
    items.map((item) => ({ ...(item as KnownObject), kind: KIND[key as keyof typeof KIND] })),
  );
