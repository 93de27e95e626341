/** What is known here of a limit of requests or tokens that holds for a request. Money is nobody's rate. */
export interface LimitView {
  readonly unit: RateUnit;
  /** The whole amount of a window. */
  readonly limit: number;
  /** What is left of it, as this process knows without asking. */
  readonly remaining: number;
  /** Until its window ends; absent: it never does. */
  readonly resetMs?: number;
  /** When that is, Unix milliseconds. */
  readonly resetUnixMs?: number;
}

export type RateUnit = 'requests' | 'tokens' | 'inputTokens' | 'outputTokens';

/** Of each unit the tightest: with the least left, else with the longest wait. */
export function tightest(views: readonly LimitView[]): readonly LimitView[] {
  if (views.length < 2) return views;
  const byUnit = new Map<RateUnit, LimitView>();
  for (const view of views) {
    const known = byUnit.get(view.unit);
    if (known === undefined || isTighter(view, known)) byUnit.set(view.unit, view);
  }
  return [...byUnit.values()];
}

const isTighter = (one: LimitView, other: LimitView): boolean =>
  one.remaining === other.remaining ? endOf(one) > endOf(other) : one.remaining < other.remaining;

const endOf = ({ resetMs = Number.POSITIVE_INFINITY }: LimitView): number => resetMs;
