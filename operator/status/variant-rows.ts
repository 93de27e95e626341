/** What an AIRoute's status says of the variants of a rule: the figures of each arm, and the state that each variant is in. Pure. */
import { EVENT_REASON } from '#contract/names/conditions';
import { formatUsd } from '#contract/policy/money';
import { type ArmCounts, BASELINE, type Counts, NO_COUNTS, percentileMs } from '#contract/policy/variant-counts';
import type { AIRouteVariant } from '#contract/resources/ai-route';
import type { VariantStatus } from '#contract/resources/route-variant';
import { type Evidence, promotionReason, rollbackReason } from './variant-verdict.ts';

export interface Trial {
  readonly experiment: string;
  /** Index of the rule. */
  readonly rule: number;
  readonly variants: readonly AIRouteVariant[];
  readonly counts: Counts;
  /** The newest requests of a variant, at least so many where there are. */
  readonly newest: (variant: string, atLeast: number) => ArmCounts;
}

type State = Required<Pick<VariantStatus, 'state' | 'since'>> & Pick<VariantStatus, 'message'>;

/** `present`: what the status says now; a state is kept for as long as the variants are stated as they were. `now`: RFC 3339. */
export function trialRows(trial: Trial, present: readonly VariantStatus[], now: string): VariantStatus[] {
  const { experiment, rule, variants, counts } = trial;
  const kept = variants.map((variant) => afterRollback(formerState(trial, variant, present, now), variant, trial, now));
  const states = afterPromotion(kept, trial, now);
  const rows = variants.map(({ name, mode }, index) => ({
    ...{ rule, name, mode, experiment },
    ...states[index],
    ...figures(counts.get(name)),
  }));
  return [{ rule, mode: 'Baseline', experiment, ...figures(counts.get(BASELINE)) }, ...rows];
}

function formerState(
  { experiment }: Trial,
  { name }: AIRouteVariant,
  present: readonly VariantStatus[],
  now: string,
): State {
  const row = present.find((candidate) => candidate.experiment === experiment && candidate.name === name);
  const { state = 'Running', since = now, message } = row ?? {};
  return { state, since, ...(message !== undefined && { message }) };
}

/** Who was promoted can still be rolled back; who was rolled back stays so. */
function afterRollback(former: State, variant: AIRouteVariant, trial: Trial, now: string): State {
  if (former.state === 'RolledBack' || variant.rollback === undefined) return former;
  const reason = rollbackReason(variant.rollback, evidenceOf(variant, trial, variant.rollback.minRequests));
  return reason === undefined ? former : { state: 'RolledBack', since: now, message: reason };
}

/** One at most, since it gets all requests: the first that may be. */
function afterPromotion(states: readonly State[], trial: Trial, now: string): readonly State[] {
  if (states.some(({ state }) => state === 'Promoted')) return states;
  const reasons = trial.variants.map((variant, index) => promotable(variant, states[index], trial, now));
  const first = reasons.findIndex((reason) => reason !== undefined);
  return states.map((state, index) =>
    index === first ? { state: 'Promoted', since: now, message: reasons[first] } : state,
  );
}

function promotable(variant: AIRouteVariant, state: State | undefined, trial: Trial, now: string): string | undefined {
  const { promote } = variant;
  if (promote === undefined || state?.state !== 'Running') return undefined;
  const ranMs = Date.parse(now) - Date.parse(state.since);
  return promotionReason(promote, evidenceOf(variant, trial, promote.minRequests), ranMs);
}

const evidenceOf = ({ name }: AIRouteVariant, { counts, newest }: Trial, atLeast: number): Evidence => ({
  whole: counts.get(name) ?? NO_COUNTS,
  newest: newest(name, atLeast),
  baseline: counts.get(BASELINE) ?? NO_COUNTS,
});

/** What is not known is left out. */
function figures(counts = NO_COUNTS): Partial<VariantStatus> {
  const { requests, errors, priced, costNanoUsd, tokens, ratings, ratingMilli, firstToken } = counts;
  const [p50, p95] = [percentileMs(firstToken, 0.5), percentileMs(firstToken, 0.95)];
  return {
    requests,
    ...(requests > 0 && {
      errorPercent: ((100 * errors) / requests).toFixed(2),
      tokensPerRequest: Math.round(tokens / requests),
    }),
    ...(p50 !== undefined && { firstTokenP50: `${p50}ms` }),
    ...(p95 !== undefined && { firstTokenP95: `${p95}ms` }),
    ...(priced > 0 && { costUsdPer1000: formatUsd((costNanoUsd * 1_000n) / BigInt(priced)) }),
    ...(ratings > 0 && { ratings, ratingPercent: (ratingMilli / ratings / 10).toFixed(1) }),
  };
}

export interface VariantNews {
  readonly type: 'Normal' | 'Warning';
  readonly reason: (typeof EVENT_REASON)[keyof typeof EVENT_REASON];
  readonly note: string;
}

/** Of variants that are promoted or rolled back now and were not before. */
export const variantNews = (
  before: readonly VariantStatus[] | undefined,
  after: readonly VariantStatus[] | undefined,
): VariantNews[] =>
  (after ?? []).flatMap(({ name, rule, experiment, state, message = '' }) => {
    const was = before?.find((row) => row.experiment === experiment && row.name === name)?.state;
    if (state === was || state === undefined || state === 'Running') return [];
    const where = `variant ${name} of rule ${rule}`;
    return [
      state === 'Promoted'
        ? { type: 'Normal', reason: EVENT_REASON.variantPromoted, note: `All requests go to ${where}: ${message}.` }
        : {
            type: 'Warning',
            reason: EVENT_REASON.variantRolledBack,
            note: `No more requests go to ${where}: ${message}.`,
          },
    ];
  });
