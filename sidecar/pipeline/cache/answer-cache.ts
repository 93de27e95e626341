/** Answers that equal requests get again, in memory: never on a disk, never in a log, gone with the process. Nothing is made before the first is kept. */
import type { CacheLimits } from '#sidecar/config/sidecar-config';
import { BoundedBytes } from '#sidecar/pipeline/remembered/bounded-bytes';

/** One choice, ended by its model. */
export interface KeptAnswer {
  /** Who gave it: `namespace/name` of the AIProvider, and the target as the route states it. */
  readonly provider: string;
  readonly target: string;
  /** What was left out of the request, as paths. */
  readonly dropped: readonly string[];
  readonly form: 'whole' | 'stream';
  /** The canonical answer, or its events; before any guardrail saw it. */
  readonly json: Uint8Array;
  /** As the provider wrote it, where its API is written by nobody here. */
  readonly raw?: Uint8Array;
}

interface Entry {
  readonly answer: KeptAnswer;
  /** As `nowMs`. */
  readonly untilMs: number;
  readonly bytes: number;
}

/** Of an entry beside its answer: key, names, and what holds them together. */
const ENTRY_BYTES = 512;

export class AnswerCache {
  readonly limits: CacheLimits;
  readonly #nowMs: () => number;
  #entries: BoundedBytes<Entry> | undefined;
  #evictions = 0;
  #collecting = 0;

  /** `nowMs`: never steps back. */
  constructor(limits: CacheLimits, nowMs: () => number) {
    this.limits = limits;
    this.#nowMs = nowMs;
  }

  get bytes(): number {
    return this.#entries?.bytes ?? 0;
  }

  /** Answers that went before their time, since there was no room. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Is no use of it, and lets nothing go. */
  peek(key: string): KeptAnswer | undefined {
    const found = this.#entries?.peek(key);
    return found !== undefined && this.#nowMs() < found.untilMs ? found.answer : undefined;
  }

  find(key: string): KeptAnswer | undefined {
    const found = this.#entries?.use(key);
    if (found === undefined || this.#nowMs() < found.untilMs) return found?.answer;
    this.#entries?.delete(key);
    return undefined;
  }

  /** What is over the bound of one answer is not kept. */
  keep(key: string, answer: KeptAnswer, ttlMs: number): void {
    const { most, bytes, answerBytes } = this.limits;
    const size = answer.json.length + (answer.raw?.length ?? 0);
    if (size > answerBytes) return;
    this.#entries ??= new BoundedBytes(most, bytes);
    this.#evictions += this.#entries.keep(key, { answer, untilMs: this.#nowMs() + ttlMs, bytes: size + ENTRY_BYTES });
  }

  /** Room for a piece of an answer that is on its way, of which all together take no more than all that are kept. False: there is none. */
  take(bytes: number): boolean {
    if (this.#collecting + bytes > this.limits.bytes) return false;
    this.#collecting += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#collecting -= bytes;
  }

  clear(): void {
    this.#entries = undefined;
  }
}
