/** Tells the operator how the variants of routes do in this sidecar: all that was counted so far, whenever that has grown. */
import type { Counts, MeasuredExperiment } from '#contract/policy/variant-counts';
import { encodeVariantReport, type SourceCounts } from '#contract/wire/variant-codec';
import type { Timers } from '#sidecar/time/timers';
import type { Send } from './grant-client.ts';

const FLUSH_MS = 5_000;

export class VariantReporter {
  readonly #instance: string;
  readonly #measured: () => readonly MeasuredExperiment[];
  readonly #cancelFlushes: () => void;
  #send: Send | undefined;
  /** On this stream, by experiment and source: how much of it there was. */
  #told = new Map<string, number>();

  constructor(instance: string, measured: () => readonly MeasuredExperiment[], timers: Timers) {
    this.#instance = instance;
    this.#measured = measured;
    this.#cancelFlushes = timers.every(FLUSH_MS, () => this.flush());
  }

  connected(send: Send): void {
    this.#send = send;
    this.#told.clear();
    this.flush();
  }

  disconnected(): void {
    this.#send = undefined;
  }

  close(): void {
    this.#cancelFlushes();
    this.#send = undefined;
  }

  flush(): void {
    if (!this.#send) return;
    const sources = this.#measured().map(
      ({ experiment, run, counts }): SourceCounts => ({ experiment, source: `${this.#instance}.${run}`, counts }),
    );
    const grown = sources.filter((each) => amountOf(each.counts) > (this.#told.get(nameOf(each)) ?? 0));
    if (grown.length === 0) return;
    if (!this.#send({ $case: 'variantReport', value: encodeVariantReport(grown) })) return;
    this.#told = new Map(sources.map((each) => [nameOf(each), amountOf(each.counts)]));
  }
}

const nameOf = ({ experiment, source }: SourceCounts): string => `${experiment} ${source}`;

/** More whenever anything was counted: a request is counted, priced or rated, and never taken back. */
const amountOf = (counts: Counts): number =>
  [...counts.values()].reduce((total, { requests, priced, ratings }) => total + requests + priced + ratings, 0);
