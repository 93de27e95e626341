/** How the variants of each experiment do in this pod, side by side, and which of them are rolled back. Memory and no record: it ends with the process. */
import { BASELINE, type MeasuredExperiment } from '#contract/policy/variant-counts';
import type { CompiledVariant, Experiment } from '#sidecar/pipeline/policy/snapshot';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { Arm, type VariantRow } from './arm.ts';

export interface RolledBack {
  readonly route: string;
  readonly variant: string;
  readonly errors: number;
  /** Requests that were judged. */
  readonly of: number;
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
