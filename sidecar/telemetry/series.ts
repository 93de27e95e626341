/**
 * What the metrics count on: a series is looked up once by its labels and from then on it is a number, where the client's own
 * counters make a key of all labels at every count. The client's registry still writes the text.
 */
import type { MetricDescriptor } from '#contract/names/metrics';
import { formatUsd } from '#contract/policy/money';

export type Labels = Readonly<Record<string, string>>;

/** One line of the text format. */
export interface Sample {
  /** Default the metric's name. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

interface Series {
  /** Nothing until it was counted on for the first time. */
  samples(name: string, labels: Labels): readonly Sample[];
}

/** One metric: its name, and a series per set of label values. */
export class Metric<S extends Series> {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  readonly #make: () => S;
  readonly #series = new Map<string, { readonly labels: Labels; readonly series: S }>();

  constructor({ name, help }: MetricDescriptor, type: Metric<S>['type'], make: () => S) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.#make = make;
  }

  /** Always the same one for the same values; every call must name the labels in the same order. */
  of(labels: Labels): S {
    const key = JSON.stringify(labels);
    let known = this.#series.get(key);
    if (known === undefined) {
      known = { labels, series: this.#make() };
      this.#series.set(key, known);
    }
    return known.series;
  }

  /** As the registry asks for it. */
  get() {
    const { name, help, type } = this;
    const values = [...this.#series.values()].flatMap(({ labels, series }) => series.samples(name, labels));
    return Promise.resolve({ name, help, type, values });
  }
}

export class Count implements Series {
  #value = 0;
  #isCounted = false;

  add(by: number): void {
    this.#value += by;
    this.#isCounted = true;
  }

  samples(_name: string, labels: Labels): readonly Sample[] {
    return this.#isCounted ? [{ labels, value: this.#value }] : [];
  }
}

/** US dollars, summed as integers: a sum of floats would tell of a fraction that nobody spent. */
export class Dollars implements Series {
  #nanoUsd: bigint | undefined;

  add(nanoUsd: bigint): void {
    this.#nanoUsd = (this.#nanoUsd ?? 0n) + nanoUsd;
  }

  /** The float nearest to the sum: of less than a million dollars its text is the sum itself. */
  samples(_name: string, labels: Labels): readonly Sample[] {
    return this.#nanoUsd === undefined ? [] : [{ labels, value: Number(formatUsd(this.#nanoUsd)) }];
  }
}

export class Distribution implements Series {
  readonly #bounds: readonly number[];
  /** Per bound, not cumulated, and above the last one. */
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** `bounds` are upper bounds, inclusive and rising; above the last one only sum and count tell. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = [...bounds, Number.POSITIVE_INFINITY].map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  samples(name: string, labels: Labels): readonly Sample[] {
    if (this.#count === 0) return [];
    let below = 0;
    const buckets = this.#bounds.map((le, bucket) => {
      below += this.#counts[bucket] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: this.#count },
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: this.#count },
    ];
  }
}
