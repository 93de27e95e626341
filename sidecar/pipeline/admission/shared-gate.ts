/** The gate of what all pods share, as far as one of them goes: what it was told is its own, or what it can know by itself. */
import { PRIORITIES, type Priority } from '#contract/resources/route-concurrency';
import type { Timers } from '#sidecar/time/timers';
import { type AdaptiveLimit, adapt, noLimit } from '#treasury/shares/adaptive-limit';
import { Gate, type Turn } from './gate.ts';

export interface SharedGateDeps {
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly timers: Timers;
  /** No other process shares anything with this one: what is stated for all is this one's alone. */
  readonly isAlone: boolean;
  /** Whoever divides what is shared should hear of it at once. */
  readonly onNews: () => void;
  /** All gates that hold somebody back, or would. */
  readonly bounding: Set<SharedGate>;
}

/** What is behind one gate, of one class. */
export class Place {
  readonly #gates: readonly Gate[];
  readonly #priority: Priority;

  constructor(gates: readonly Gate[], priority: Priority) {
    this.#gates = gates;
    this.#priority = priority;
  }

  /** Once for each time that it was taken. */
  leave(): void {
    for (const gate of this.#gates) gate.leave(this.#priority);
  }
}

interface Told {
  readonly units: number;
  /** Until then whoever told it looks after it; later it is the most that holds. */
  readonly untilMs: number;
}

/** A found limit is looked at so often while somebody waits for it. */
const LOOK_MS = 1_000;
/** What a process may have under way of something that is stated for all, before it was told how much. */
const UNTOLD_UNITS = 1;

export class SharedGate extends Gate {
  readonly key: string;
  /** Itself, and after it the wider gate that its requests go through too. */
  readonly way: readonly SharedGate[];
  /** One for all of a class: they differ in nothing. */
  readonly places: Readonly<Record<Priority, Place>>;
  readonly #deps: SharedGateDeps;
  #stated: number | undefined;
  #told: Told | undefined;
  /** The share was told on the present stream. */
  #isToldHere = false;
  #found: AdaptiveLimit | undefined;
  #closedUntilMs = 0;
  #throttled = 0;
  #isLooking = false;

  constructor(key: string, within: SharedGate | undefined, deps: SharedGateDeps) {
    super();
    this.key = key;
    this.way = within === undefined ? [this] : [this, within];
    this.places = Object.fromEntries(PRIORITIES.map((each) => [each, new Place(this.way, each)])) as Record<
      Priority,
      Place
    >;
    this.#deps = deps;
  }

  /** Through it and what is around it; null: there is no room. */
  take(priority: Priority): Place | null {
    if (this.hasNoRoom) return null;
    for (const gate of this.way) gate.enter(priority);
    return this.places[priority];
  }

  get hasNoRoom(): boolean {
    for (const gate of this.way) if (gate.isFull) return true;
    return false;
  }

  /** Refusals for the rate that nobody was told of yet. */
  get throttled(): number {
    return this.#throttled;
  }

  /** How many this process takes to be its own; 0: there is no such number. */
  get units(): number {
    return this.#told?.units ?? (this.#stated === undefined ? 0 : this.#untold());
  }

  get isInUse(): boolean {
    return this.runningInAll > 0 || this.waitingInAll > 0;
  }

  /** Whoever divides it has to hear of it. Of a whole provider only where that is limited as a whole. */
  get isToTell(): boolean {
    const isHeldFromBefore = this.#told !== undefined && !this.#isToldHere;
    const mayBeLimited = this.way.length > 1 || this.max !== Number.POSITIVE_INFINITY;
    return (this.isInUse && mayBeLimited) || this.#throttled > 0 || isHeldFromBefore;
  }

  /** For all processes together; undefined: nothing is stated. */
  state(most: number | undefined): void {
    if (this.#stated === most) return;
    this.#stated = most;
    this.#rebound();
  }

  /** undefined: it is not divided (any more). */
  tell(units: number | undefined, untilMs: number): void {
    this.#isToldHere = true;
    if (units === undefined && this.#told === undefined) return;
    this.#told = units === undefined ? undefined : { units, untilMs };
    // Who divides has heard all that was found here.
    this.#found = undefined;
    this.#rebound();
  }

  /** A stream begins, on which nothing was told yet. */
  connected(): void {
    this.#isToldHere = false;
  }

  /** What was thrown back is told. */
  reported(): void {
    this.#throttled = 0;
  }

  /** The provider refused for its rate, or would have refused the next one. */
  throttle(): void {
    this.#throttled += 1;
    this.#adapt(1);
    this.#deps.onNews();
  }

  /** Nothing begins until then; a shorter time than what holds changes nothing. True: it was open. */
  closeUntil(atMs: number): boolean {
    const wasOpen = this.#closedUntilMs <= this.#deps.nowMs();
    this.#closedUntilMs = Math.max(this.#closedUntilMs, atMs);
    this.#rebound();
    return wasOpen;
  }

  /** The time is over until which it was closed, whatever the clock says: a timer may come a hair early. A longer one that was set since holds on. */
  reopen(atMs: number): void {
    if (this.#closedUntilMs <= atMs) this.#closedUntilMs = 0;
    this.#rebound();
  }

  override wait(priority: Priority): Turn {
    const turn = super.wait(priority);
    this.#look();
    this.#deps.onNews();
    return turn;
  }

  override leave(priority: Priority): void {
    if (this.#found !== undefined) this.#adapt(0);
    const isAbove = this.runningInAll > this.max;
    super.leave(priority);
    if (isAbove) this.#deps.onNews();
  }

  /** Time alone may make room for who waits, where nothing ends for long. */
  #look(): void {
    if (this.#found === undefined || this.waitingInAll === 0) return;
    this.#adapt(0);
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#deps.timers.after(LOOK_MS, () => {
      this.#isLooking = false;
      this.#look();
    });
  }

  /** By what this process sees alone, where nobody sees all. Who was refused is under way no more, and was. */
  #adapt(throttled: number): void {
    const nowMs = this.#deps.nowMs();
    if (this.#told !== undefined && this.#told.untilMs > nowMs) return;
    const running = this.runningInAll + throttled;
    this.#found = adapt(this.#found ?? noLimit(nowMs), { nowMs, running, waiting: this.waitingInAll, throttled });
    if (this.#found.limit === null) this.#found = undefined;
    this.#rebound();
  }

  #rebound(): void {
    const max = this.#bound();
    if (max === this.max) return;
    if (max === Number.POSITIVE_INFINITY) this.#deps.bounding.delete(this);
    else this.#deps.bounding.add(this);
    this.max = max;
  }

  #bound(): number {
    if (this.#closedUntilMs > this.#deps.nowMs()) return 0;
    const own = this.#told?.units ?? this.#untold();
    return Math.min(own, this.#stated ?? own, this.#found?.limit ?? own);
  }

  #untold(): number {
    if (this.#stated === undefined) return Number.POSITIVE_INFINITY;
    return this.#deps.isAlone ? this.#stated : Math.min(this.#stated, UNTOLD_UNITS);
  }
}
