/** One circuit breaker: closed while the target works, open after it failed, half-open while one request tries it out. Pure but for its clock. */
import type { PolicyCircuitBreaker } from '#contract/policy/policy';
import { RecentCounts } from './recent-counts.ts';

/** As a gauge shows them. */
export const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;
export type BreakerState = keyof typeof BREAKER_STATES;

const SPAN = { bucketMs: 5_000, buckets: 12 };
export const WINDOW_MS = SPAN.bucketMs * SPAN.buckets;
/** Attempts, or streams, without which a share says nothing. */
export const MINIMUM_VOLUME = 20;
/** How long it stays open at most, unless `openFor` is longer: with the answer of the trial a provider that is sound again has its requests back within ten seconds. */
export const LONGEST_OPEN_MS = 9_000;
/** Of 100 streams may be slow without their 95th percentile being so. */
const SLOW_PERCENT = 5;

/** What is counted. */
const OK = 0;
const FAILED = 1;
const STREAMED = 2;
const SLOW = 3;

/** What may be the one to try an open target out. Only its identity counts. */
export type Turn = object;

export class CircuitBreaker {
  readonly #settings: PolicyCircuitBreaker;
  readonly #nowMs: () => number;
  readonly #recent: RecentCounts;
  #failedInARow = 0;
  /** Since it was closed. */
  #openings = 0;
  #openUntilMs = 0;
  #probe: Turn | undefined;
  #probeUntilMs = 0;
  #why = '';

  /** `nowMs` is monotonic. */
  constructor(settings: PolicyCircuitBreaker, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#recent = new RecentCounts(4, SPAN, nowMs);
  }

  get state(): BreakerState {
    if (this.#openings === 0) return 'closed';
    return this.#probe === undefined ? 'open' : 'half-open';
  }

  /** By what it opened last. */
  get why(): string {
    return this.#why;
  }

  /** False once it may be tried out, and until somebody does. */
  get isUnfit(): boolean {
    return this.#openings > 0 && this.unfitForMs > 0;
  }

  /** Milliseconds until it may be tried out; 0: now, or it is closed. */
  get unfitForMs(): number {
    const untilMs = this.#probe === undefined ? this.#openUntilMs : this.#probeUntilMs;
    return this.#openings === 0 ? 0 : Math.max(0, untilMs - this.#nowMs());
  }

  /** Nothing of it would be missed. */
  get isIdle(): boolean {
    if (this.#openings > 0) return this.#nowMs() >= this.#openUntilMs + LONGEST_OPEN_MS;
    return this.#recent.isEmpty;
  }

  /** The turn tries the target out if it is time and nobody else does, or has done so for `openFor`: some have all the time in the world. */
  turnBegan(turn: Turn): void {
    if (this.#openings === 0 || this.isUnfit) return;
    this.#probe = turn;
    this.#probeUntilMs = this.#nowMs() + this.#settings.openForMs;
  }

  /** Whatever came of it: what told nothing leaves the trial to the next one. */
  turnEnded(turn: Turn): void {
    if (this.#probe === turn) this.#probe = undefined;
  }

  /** `streamedMs`: until the first content of a stream; undefined for a whole answer, whose length says how long it takes. */
  succeeded(turn: Turn, streamedMs?: number): void {
    const { firstTokenP95Ms } = this.#settings;
    const isSlow = streamedMs !== undefined && firstTokenP95Ms !== null && streamedMs > firstTokenP95Ms;
    if (this.#openings > 0) {
      if (this.#probe !== turn) return;
      if (isSlow) this.#open('the request that tried it out was slow to its first content');
      else this.#close();
      return;
    }
    this.#failedInARow = 0;
    this.#recent.add(OK);
    if (streamedMs !== undefined) this.#recent.add(STREAMED);
    if (!isSlow) return;
    this.#recent.add(SLOW);
    if (this.#isMore(SLOW, this.#recent.sum(STREAMED), SLOW_PERCENT))
      this.#open(`more than ${SLOW_PERCENT} % of its streams are slow to their first content`);
  }

  /** An attempt failed by the target's own fault. What began before the breaker opened tells nothing new. */
  failed(turn: Turn): void {
    if (this.#openings > 0) {
      if (this.#probe === turn) this.#open('the request that tried it out failed');
      return;
    }
    const { consecutiveFailures, errorPercent } = this.#settings;
    this.#failedInARow += 1;
    this.#recent.add(FAILED);
    const attempts = this.#recent.sum(OK) + this.#recent.sum(FAILED);
    if (this.#failedInARow >= consecutiveFailures) this.#open(`${this.#failedInARow} failures in a row`);
    else if (this.#isShare(FAILED, attempts, errorPercent))
      this.#open(`${errorPercent} % or more of its attempts failed`);
  }

  /** Nobody waited for the end of the attempt. Slowness alone opens nothing; of what failed before it is enough. */
  late(turn: Turn): void {
    if (this.#openings > 0 && this.#probe === turn)
      this.#open('the request that tried it out was answered by another target');
  }

  #isShare(kind: number, of: number, percent: number): boolean {
    return of >= MINIMUM_VOLUME && this.#recent.sum(kind) * 100 >= of * percent;
  }

  #isMore(kind: number, of: number, percent: number): boolean {
    return of >= MINIMUM_VOLUME && this.#recent.sum(kind) * 100 > of * percent;
  }

  #open(why: string): void {
    const { openForMs } = this.#settings;
    this.#openUntilMs = this.#nowMs() + Math.min(openForMs * 2 ** this.#openings, Math.max(LONGEST_OPEN_MS, openForMs));
    this.#openings += 1;
    this.#probe = undefined;
    this.#why = why;
  }

  #close(): void {
    this.#openings = 0;
    this.#probe = undefined;
    this.#failedInARow = 0;
    this.#recent.clear();
  }
}
