/** How the variants of each experiment do in this pod, side by side, and which of them are rolled back. Memory and no record: it ends with the process. */
import { formatUsd } from '#contract/policy/money';
import { type ArmCounts, BASELINE, bucketOf, type MeasuredExperiment } from '#contract/policy/variant-counts';
import { totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import type { CompiledVariant, Experiment } from '#sidecar/pipeline/policy/snapshot';
import { type AttemptRecord, type RequestRecord, SUPERSEDED } from '#sidecar/telemetry/request-record';
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

export interface RolledBack {
  readonly route: string;
  readonly variant: string;
  readonly errors: number;
  /** Requests that were judged. */
  readonly of: number;
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
    const isError = last.outcome !== 'ok';
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

  /** Of a variant: at its own target. */
  /** A hedge that nobody needed, or that came to nothing, is not how it ended. */
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

interface Board {
  readonly route: string;
  readonly run: number;
  /** By variant; the first is that of none. */
  readonly arms: ReadonlyMap<string | undefined, Arm>;
}

export class VariantBoard {
  /**
   * Of the policy in force, by the id of the experiment: where one variant is stated differently all of them are counted anew, so that
   * what stands side by side is of the same time.
   */
  #boards: ReadonlyMap<string, Board> = new Map();
  /** Also of earlier policies, as long as requests go by them. */
  readonly #known = new WeakMap<Experiment, Board>();
  readonly #onRolledBack: (told: RolledBack) => void;
  #runs = 0;

  constructor(onRolledBack: (told: RolledBack) => void) {
    this.#onRolledBack = onRolledBack;
  }

  /** A policy is in force: what it does not state any more is forgotten, and what it states as before goes on. */
  stated(experiments: Iterable<Experiment>): void {
    const boards = new Map<string, Board>();
    for (const experiment of experiments) {
      const { id } = experiment;
      const board = boards.get(id) ?? this.#boards.get(id) ?? this.#begin(experiment);
      for (const variant of experiment.variants) board.arms.get(variant.policy.name)?.restate(variant);
      boards.set(id, board);
      this.#known.set(experiment, board);
    }
    this.#boards = boards;
  }

  /** For the sum over all pods. */
  measured(): readonly MeasuredExperiment[] {
    return [...this.#boards].map(([experiment, { run, arms }]) => ({
      experiment,
      run,
      counts: new Map([...arms].map(([name, arm]) => [name ?? BASELINE, arm.counts()])),
    }));
  }

  #begin({ route, variants }: Experiment): Board {
    this.#runs += 1;
    return { route, run: this.#runs, arms: armsOf(variants) };
  }

  /** The arm that the request counts for. */
  observe(experiment: Experiment, record: RequestRecord): Arm | undefined {
    const board = this.#known.get(experiment);
    const arm = board?.arms.get(record.variant);
    if (arm?.observe(record) === true && arm.variant !== undefined && arm.outcomes !== undefined) {
      const { sum: errors, size: of } = arm.outcomes;
      this.#onRolledBack({ route: experiment.route, variant: arm.variant.policy.name, errors, of });
    }
    return arm;
  }

  /** It gets no more requests, whatever its share. */
  readonly isRolledBack = (experiment: Experiment, variant: CompiledVariant): boolean =>
    variant.policy.state === 'RolledBack' ||
    this.#known.get(experiment)?.arms.get(variant.policy.name)?.rolledBack === true;

  rows(): readonly VariantRow[] {
    return [...this.#boards.values()].flatMap(({ route, arms }) => [...arms.values()].map((arm) => arm.row(route)));
  }
}

const armsOf = (variants: readonly CompiledVariant[]): ReadonlyMap<string | undefined, Arm> =>
  new Map([undefined, ...variants].map((variant) => [variant?.policy.name, new Arm(variant)]));
