/** Of one of two turns that a request takes at one time: it ends with the request, and may be ended before it, alone. */
import type { AttemptAbort } from './attempt-abort.ts';
import type { Deadline } from './deadlines.ts';
import { RequestScope, Superseded } from './request-scope.ts';

export class TurnScope extends RequestScope {
  readonly #request: RequestScope;
  #superseded: Superseded | undefined;
  #exchange: AttemptAbort | undefined;
  #late: Deadline | undefined;
  #afterMs = Number.POSITIVE_INFINITY;
  #onLate: (() => void) | undefined;
  #sentMs = 0;
  #isHedge: boolean;

  constructor(request: RequestScope, isHedge: boolean) {
    super(request.deadlines);
    this.#request = request;
    this.#isHedge = isHedge;
  }

  override get cause(): RequestScope['cause'] {
    return this.#request.cause ?? this.#superseded;
  }

  override get remainingMs(): number {
    return this.#request.remainingMs;
  }

  override get isSuperseded(): boolean {
    return this.#superseded !== undefined;
  }

  override get isHedge(): boolean {
    return this.#isHedge;
  }

  /** The other turn has ended. */
  goOnAlone(): void {
    this.#isHedge = false;
  }

  /** An exchange has begun and not failed. */
  get hasExchange(): boolean {
    return this.#exchange !== undefined;
  }

  /** Since the exchange began that is under way. */
  get underWayMs(): number {
    return this.deadlines.nowMs() - this.#sentMs;
  }

  /** Calls `onLate` once: when an exchange that begins from now on has not failed for so long. */
  watch(afterMs: number, onLate: () => void): void {
    this.#afterMs = afterMs;
    this.#onLate = onLate;
  }

  /** What is late from now on matters to nobody. */
  unwatch(): void {
    this.#onLate = undefined;
    this.#rest();
  }

  override beginAttempt(): AttemptAbort {
    this.throwIfCancelled();
    this.#exchange = this.#request.beginAttempt();
    this.#sentMs = this.deadlines.nowMs();
    if (this.#onLate !== undefined) this.#late = this.deadlines.in(this.#afterMs, this.#onLate);
    return this.#exchange;
  }

  override endAttempt(abort: AttemptAbort): void {
    this.#exchange = undefined;
    this.#rest();
    this.#request.endAttempt(abort);
  }

  override waitFor(ms: number, begin: (wake: () => void) => void): Promise<boolean> {
    return this.#request.waitFor(ms, begin);
  }

  override atEnd(run: () => void): void {
    this.#request.atEnd(run);
  }

  /** Ends what is under way, and whatever would begin. */
  supersede(): void {
    if (this.cause === undefined) this.#superseded = new Superseded();
    this.#exchange?.abort();
  }

  #rest(): void {
    if (this.#late !== undefined) this.deadlines.cancel(this.#late);
    this.#late = undefined;
  }
}
