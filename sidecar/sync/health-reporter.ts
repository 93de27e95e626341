/** Tells the operator what this sidecar would rather not use, whenever that changes, and takes in what others told it. */
import { isDeepStrictEqual } from 'node:util';
import type { Unfit } from '#contract/policy/unfit';
import type { Hints } from '#contract/wire/gen/remora/policy/v1/sync';
import { decodeUnfit, encodeUnfit } from '#contract/wire/unfit-codec';
import type { PolicySink } from '#sidecar/policy/policy-source';
import type { Timers } from '#sidecar/time/timers';
import type { Send } from './grant-client.ts';

const FLUSH_MS = 2_000;
/** A hint is advice with an end, whatever the operator says. */
const MAX_TTL_SECONDS = 600;

export class HealthReporter {
  readonly #unfit: () => readonly Unfit[];
  readonly #cancelFlushes: () => void;
  #send: Send | undefined;
  /** On this stream, on which the operator starts with none. */
  #told: readonly Unfit[] = [];

  /** `unfit`: what this sidecar found out by its own attempts; never what it was told, which would come round. */
  constructor(unfit: () => readonly Unfit[], timers: Timers) {
    this.#unfit = unfit;
    this.#cancelFlushes = timers.every(FLUSH_MS, () => this.#flush());
  }

  connected(send: Send): void {
    this.#send = send;
    this.#told = [];
    this.#flush();
  }

  disconnected(): void {
    this.#send = undefined;
  }

  hinted({ unfit, ttlSeconds }: Hints, sink: Pick<PolicySink, 'applyHints'>): void {
    sink.applyHints(decodeUnfit(unfit), Math.min(ttlSeconds, MAX_TTL_SECONDS) * 1_000);
  }

  close(): void {
    this.#cancelFlushes();
    this.#send = undefined;
  }

  #flush(): void {
    if (!this.#send) return;
    const unfit = this.#unfit();
    if (isDeepStrictEqual(unfit, this.#told)) return;
    if (this.#send({ $case: 'healthReport', value: { unfit: encodeUnfit(unfit) } })) this.#told = unfit;
  }
}
