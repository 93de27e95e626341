/** One arm of an experiment in this pod: what came of its requests, and whether it is rolled back here. */
import { formatUsd } from '#contract/policy/money';
import { type ArmCounts, bucketOf } from '#contract/policy/variant-counts';
import { totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import type { CompiledVariant } from '#sidecar/pipeline/policy/snapshot';
import { type AttemptRecord, CUT_BY_BUDGET, type RequestRecord, SUPERSEDED } from '#sidecar/telemetry/request-record';
import { Newest, percentile } from './newest.ts';

/** Of which the times are known. */
const MOST_TIMES = 1_000;

/** One arm of an experiment; as JSON at `/variants`. */
export interface VariantRow {
  readonly route: string;
  /** null: the requests that were drawn for none. */
  readonly variant: string | null;
  readonly mode: 'Live' | 'Shadow' | null;
  readonly requests: number;
  /** Of these. Of a variant: its target gave no answer, or half of one. */
  readonly errors: number;
  /** Copies that were not sent: no room, no budget, or not allowed. */
  readonly skipped: number;
  /** Null without a known cost. Fallbacks are in it. */
  readonly meanCostUsd: string | null;
  /** Until the first content, of the newest answers. */
  readonly firstTokenMs: { readonly p50: number; readonly p95: number } | null;
  readonly feedback: { readonly given: number; readonly meanScore: number } | null;
  /** It gets no more requests from this pod. */
  readonly rolledBack: boolean;
  /** It gets all requests. */
  readonly promoted: boolean;
}

export class Arm {
  variant: CompiledVariant | undefined;
  readonly firstTokenMs = new Newest(MOST_TIMES);
  /** 1 for a request at which its target failed; as many as are judged. */
  readonly outcomes: Newest | undefined;
  requests = 0;
  errors = 0;
  /** Of these it is known whether they were errors. */
  judged = 0;
  skipped = 0;
  tokens = 0;
  costNanoUsd = 0n;
  priced = 0;
  scores = 0;
  scoreSum = 0;
  /** In thousandths, which add up to the same in any order. */
  scoreMilli = 0;
  readonly firstToken = new Map<number, number>();
  rolledBack = false;

  constructor(variant: CompiledVariant | undefined) {
    this.variant = variant;
    const { rollback } = variant?.policy ?? {};
    this.outcomes = rollback && new Newest(rollback.minRequests);
  }

  /** The same variant in another policy: its provider, its price or its state may differ. */
  restate(variant: CompiledVariant): void {
    this.variant = variant;
  }

  rated(score: number): void {
    this.scores += 1;
    this.scoreSum += score;
    this.scoreMilli += Math.round(score * 1_000);
  }

  /** Whether this is what ends its share. */
  observe(record: RequestRecord): boolean {
    const last = this.#lastAttempt(record);
    if (record.attempts.length === 0 && record.shadow) this.skipped += 1;
    else this.requests += 1;
    if (record.costNanoUsd !== null && record.attempts.length > 0) {
      this.priced += 1;
      this.costNanoUsd += record.costNanoUsd;
    }
    if (last === undefined || record.outcome === 'client_closed') return false;
    // What a limit cut says nothing of who answered.
    const isError = last.outcome !== 'ok' && last.outcome !== CUT_BY_BUDGET;
    this.judged += 1;
    this.tokens += totalInputTokens(record.usage) + totalOutputTokens(record.usage);
    if (isError) this.errors += 1;
    else if (last.timeToFirstChunkMs !== undefined) this.#began(last.timeToFirstChunkMs);
    return this.#judge(isError);
  }

  #began(ms: number): void {
    const bucket = bucketOf(ms);
    this.firstTokenMs.add(ms);
    this.firstToken.set(bucket, (this.firstToken.get(bucket) ?? 0) + 1);
  }

  /** Of a variant at its own target. A hedge that nobody needed, or that came to nothing, is not how it ended. */
  #lastAttempt({ attempts, answeredBy }: RequestRecord): AttemptRecord | undefined {
    const name = this.variant?.target.policy.name;
    if (name !== undefined) return attempts.findLast(({ target }) => target === name);
    return attempts.findLast(({ target, outcome, hedge }) => (hedge ? target === answeredBy : outcome !== SUPERSEDED));
  }

  #judge(isError: boolean): boolean {
    const { outcomes } = this;
    const { rollback } = this.variant?.policy ?? {};
    if (outcomes === undefined || rollback === undefined || this.rolledBack) return false;
    outcomes.add(isError ? 1 : 0);
    this.rolledBack = outcomes.isFull && outcomes.sum * 100 >= rollback.errorPercent * rollback.minRequests;
    return this.rolledBack;
  }

  /** For the sum over all pods. */
  counts(): ArmCounts {
    const { errors, priced, costNanoUsd, tokens } = this;
    const rated = { ratings: this.scores, ratingMilli: this.scoreMilli };
    return {
      requests: this.judged,
      errors,
      priced,
      costNanoUsd,
      tokens,
      ...rated,
      firstToken: new Map(this.firstToken),
    };
  }

  row(route: string): VariantRow {
    const { variant, firstTokenMs, priced, scores } = this;
    const times = firstTokenMs.sorted();
    return {
      route,
      variant: variant?.policy.name ?? null,
      mode: variant?.policy.mode ?? null,
      requests: this.requests,
      errors: this.errors,
      skipped: this.skipped,
      meanCostUsd: priced === 0 ? null : formatUsd(this.costNanoUsd / BigInt(priced)),
      firstTokenMs:
        times.length === 0
          ? null
          : { p50: Math.round(percentile(times, 0.5)), p95: Math.round(percentile(times, 0.95)) },
      feedback: scores === 0 ? null : { given: scores, meanScore: this.scoreSum / scores },
      rolledBack: this.rolledBack || variant?.policy.state === 'RolledBack',
      promoted: variant?.policy.state === 'Promoted',
    };
  }
}
