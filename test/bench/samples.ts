/** What a run of the benchmark has measured, and the few numbers that are said of it: medians, ranges, and ratios within one round. */

/** In the order in which reports show them. `direct` is the load on the mock with nothing between. */
export const VARIANTS = [
  'remora passthrough',
  'remora translated',
  'remora guarded',
  'remora to Anthropic',
  'bare',
  'forwarding',
  'direct',
] as const;
export type Variant = (typeof VARIANTS)[number];
export type ProxyName = Exclude<Variant, 'direct'>;
/** Those between client and upstream that small requests and streams are measured on. */
export const PROXIES = [
  'remora passthrough',
  'remora translated',
  'remora to Anthropic',
  'bare',
  'forwarding',
] as const satisfies readonly ProxyName[];
/** Those that large bodies are measured on: what changes the question costs there, and not only what changes the answer. */
export const LARGE_PROXIES = [
  'remora passthrough',
  'remora translated',
  'remora guarded',
  'remora to Anthropic',
  'bare',
] as const satisfies readonly ProxyName[];

/** What can be measured by itself. */
export const GROUPS = ['starts', 'requests', 'chunks', 'large'] as const;
export type Group = (typeof GROUPS)[number];

export type Measure =
  | 'cpuBusyUs'
  | 'requestsPerSecond'
  | 'cpuAloneUs'
  | 'addedP50Us'
  | 'addedP99Us'
  | 'cpuPerChunkUs'
  | 'chunkP50Us'
  | 'chunkP99Us'
  | 'cpuMegabyteMs'
  | 'standstillMs'
  | 'standstillPromptsMs'
  | 'standstillTurnsMs'
  | 'standstillPartsMs'
  | 'standstillBatchMs'
  | 'standstillAnswerMs'
  | 'standstillCallsMs'
  | 'idleMib'
  | 'streamsMib'
  | 'readyMs';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of at least one value. With an even number of them the median is the mean of the middle two. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

export class Samples {
  readonly #values = new Map<string, number[]>();

  /** Called once per round, so that the same index is the same round for every variant. */
  add(measure: Measure, variant: Variant, value: number): void {
    const key = `${measure} ${variant}`;
    const values = this.#values.get(key) ?? [];
    values.push(value);
    this.#values.set(key, values);
  }

  /** undefined where nothing was measured. */
  spread(measure: Measure, variant: Variant): Spread | undefined {
    const values = this.#of(measure, variant);
    return values.length === 0 ? undefined : spread(values);
  }

  /** Of `variant` to `base`, each round by itself: what disturbed a round disturbed both. */
  ratio(measure: Measure, variant: Variant, base: Variant): Spread | undefined {
    const bases = this.#of(measure, base);
    const ratios = this.#of(measure, variant).flatMap((value, round) => {
      const of = bases[round];
      return of === undefined || of === 0 ? [] : [value / of];
    });
    return ratios.length === 0 ? undefined : spread(ratios);
  }

  #of(measure: Measure, variant: Variant): readonly number[] {
    return this.#values.get(`${measure} ${variant}`) ?? [];
  }
}
