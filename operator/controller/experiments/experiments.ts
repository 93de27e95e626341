/** Experiments of the AIRoutes over all pods and replicas: takes in what sidecars measured, and says what the status of a route says of it. */
import { objectKey } from '#contract/compile/object-key';
import type { ResourceIndex } from '#contract/compile/resource-index';
import { contentsOf, type Snapshot } from '#contract/compile/snapshot';
import { type StatedExperiment, statedExperiments } from '#contract/compile/variant-states';
import { KIND } from '#contract/names/api';
import { NO_COUNTS } from '#contract/policy/variant-counts';
import type { VariantStatus } from '#contract/resources/route-variant';
import type { SourceCounts } from '#contract/wire/variant-codec';
import { trialRows } from '#operator/status/variant-rows';
import { NewestCounts } from './newest-counts.ts';
import { SharedCounts, type SharedCountsOptions } from './shared-counts.ts';
import { VariantBoard } from './variant-board.ts';

export interface ExperimentsOptions extends Omit<SharedCountsOptions, 'board' | 'isStated' | 'onNews'> {
  readonly index: ResourceIndex;
  /** The figures of a route are written anew at most once in this time, in milliseconds. */
  readonly lookEveryMs: number;
  /** The status of this AIRoute says something else now. */
  readonly onNews: (routeKey: string) => void;
}

interface Stated extends StatedExperiment {
  readonly routeKey: string;
}

interface Said {
  readonly atMs: number;
  /** Names of the experiments. */
  readonly of: string;
  readonly rows: readonly VariantStatus[];
}

export class Experiments {
  readonly #options: ExperimentsOptions;
  readonly #board = new VariantBoard();
  /** By experiment and variant. */
  readonly #newest = new Map<string, NewestCounts>();
  /** By the key of the AIRoute. */
  readonly #said = new Map<string, Said>();
  readonly shared: SharedCounts;
  #stated: { readonly of: Snapshot; readonly byId: ReadonlyMap<string, Stated> } | undefined;

  constructor(options: ExperimentsOptions) {
    this.#options = options;
    this.shared = new SharedCounts({
      ...options,
      board: this.#board,
      isStated: (experiment) => this.#all().has(experiment),
      onNews: (experiment) => this.#tell(experiment),
    });
  }

  /** What a sidecar told of experiments in its policy. */
  hear(told: readonly SourceCounts[]): void {
    for (const each of told)
      if (this.#board.hear(each)) {
        this.shared.look(each.experiment);
        this.#tell(each.experiment);
      }
  }

  /** Objects have changed. */
  sweep(): void {
    const stated = this.#all();
    for (const key of this.#newest.keys()) if (!stated.has(key.split(' ', 1)[0] ?? '')) this.#newest.delete(key);
    const routes = new Set([...stated.values()].map(({ routeKey }) => routeKey));
    for (const key of this.#said.keys()) if (!routes.has(key)) this.#said.delete(key);
    this.shared.sweep();
  }

  /** For the status of an AIRoute, which says `present` now; undefined: it states no variants. `again`: what is said may change after so long. */
  rows(
    routeKey: string,
    present: readonly VariantStatus[],
    again: (afterMs: number) => void,
  ): readonly VariantStatus[] | undefined {
    const stated = [...this.#all().values()].filter((experiment) => experiment.routeKey === routeKey);
    if (stated.length === 0) {
      this.#said.delete(routeKey);
      return undefined;
    }
    const { lookEveryMs } = this.#options;
    const nowMs = this.#options.now();
    const said = this.#said.get(routeKey);
    const of = stated.map(({ experiment }) => experiment).join(' ');
    if (said?.of === of && nowMs - said.atMs < lookEveryMs) {
      again(said.atMs + lookEveryMs - nowMs);
      return said.rows;
    }
    const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const rows = stated.flatMap((experiment) => this.#rowsOf(experiment, present, now));
    this.#said.set(routeKey, { atMs: nowMs, of, rows });
    if (stated.some(({ variants }) => variants.some(({ promote }) => promote?.after !== undefined))) again(lookEveryMs);
    return rows;
  }

  #rowsOf({ experiment, rule, variants }: Stated, present: readonly VariantStatus[], now: string): VariantStatus[] {
    const counts = this.#board.sum(experiment);
    const newest = (variant: string, atLeast: number) => {
      const key = `${experiment} ${variant} ${atLeast}`;
      const known = this.#newest.get(key) ?? new NewestCounts();
      this.#newest.set(key, known);
      return known.of(counts.get(variant) ?? NO_COUNTS, atLeast);
    };
    return trialRows({ experiment, rule, variants, counts, newest }, present, now);
  }

  #tell(experiment: string): void {
    const stated = this.#all().get(experiment);
    if (stated) this.#options.onNews(stated.routeKey);
  }

  #all(): ReadonlyMap<string, Stated> {
    const of = this.#options.index.snapshot();
    if (this.#stated?.of === of) return this.#stated.byId;
    const all = contentsOf(of, KIND.route).flatMap((route) => {
      const { namespace, name } = route.metadata;
      const routeKey = objectKey({ kind: KIND.route, namespace, name });
      return statedExperiments(route).map((stated): [string, Stated] => [stated.experiment, { ...stated, routeKey }]);
    });
    this.#stated = { of, byId: new Map(all) };
    return this.#stated.byId;
  }
}
