/**
 * What each sidecar measured of each experiment, as far as anybody heard. A word about a source is merged with what was heard of it
 * before, so that order, repetition and loss change nothing once the last word is heard. A source that is gone keeps its last counts.
 */
import { type Counts, laterOf, sumOf } from '#contract/policy/variant-counts';
import { encodeCounts } from '#contract/wire/counts-report';
import type { SourceCounts } from '#contract/wire/variant-codec';

/** Of one experiment; beyond it a further one is not heard, and the figures tell of the others alone. */
const MAX_SOURCES = 4_000;
/** Of one pod, whose container may start again and again. */
const MAX_SOURCES_OF_POD = 32;

export type Sources = ReadonlyMap<string, Counts>;

const NOTHING: Sources = new Map();

export class VariantBoard {
  readonly #experiments = new Map<string, Map<string, Counts>>();
  readonly #maxSources: number;

  constructor(maxSources = MAX_SOURCES) {
    this.#maxSources = maxSources;
  }

  /** Whether it was news. */
  hear({ experiment, source, counts }: SourceCounts): boolean {
    const sources = this.#experiments.get(experiment) ?? new Map<string, Counts>();
    const known = sources.get(source);
    if (known === undefined && !this.#hasRoom(sources, source)) return false;
    const merged = known === undefined ? counts : laterOf(known, counts);
    if (known !== undefined && encodeCounts(merged) === encodeCounts(known)) return false;
    this.#experiments.set(experiment, sources);
    sources.set(source, merged);
    return true;
  }

  sources(experiment: string): Sources {
    return this.#experiments.get(experiment) ?? NOTHING;
  }

  /** Over all sources. */
  sum(experiment: string): Counts {
    return [...this.sources(experiment).values()].reduce<Counts>(sumOf, new Map());
  }

  forget(experiment: string): void {
    this.#experiments.delete(experiment);
  }

  experiments(): string[] {
    return [...this.#experiments.keys()];
  }

  #hasRoom(sources: Sources, source: string): boolean {
    if (sources.size >= this.#maxSources) return false;
    const pod = source.slice(0, source.indexOf('.') + 1);
    const ofPod = [...sources.keys()].filter((other) => other.startsWith(pod));
    return ofPod.length < MAX_SOURCES_OF_POD;
  }
}
