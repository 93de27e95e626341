/**
 * Who waits for room in limits with onExceeded Queue: one line for each book, first come, first served. Knows no request, only its id;
 * whoever waits holds nothing, and tries again when he is woken.
 */
import type { Timers } from '#sidecar/time/timers';
import type { LimitRefusedFacts } from './limit-refused.ts';

/** Other sidecars may have given something back, which nobody tells: the first of a line looks so often. */
const LOOK_AGAIN_MS = 1_000;

/** One that waits. */
export class LimitTicket {
  /** Of the attempt that was refused last, in the unit of the limit. */
  needed: bigint;
  /** It tries again, and keeps its place in the line until it has room or gives up. */
  isAwake = false;
  /** Called when it may try again. */
  onCome: (() => void) | undefined;
  /** All its waits at this line, in milliseconds; its owner's to count. */
  waitedMs = 0;

  constructor(needed: bigint) {
    this.needed = needed;
  }
}

interface Line {
  /** By request, in order of coming. */
  readonly tickets: Map<string, LimitTicket>;
  /** Of whoever was refused last. */
  last: LimitRefusedFacts;
  /** What was left when the first one was refused, and what was given back since. */
  room: bigint;
  cancelTimer: () => void;
}

export interface LimitLinesOptions {
  readonly now: () => number;
  readonly timers: Timers;
}

export class LimitLines {
  readonly #options: LimitLinesOptions;
  /** By id of the book; none is empty. */
  readonly #lines = new Map<string, Line>();

  constructor(options: LimitLinesOptions) {
    this.#options = options;
  }

  /** Nobody waits anywhere. */
  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  isWaiting(bookId: string, requestId: string): boolean {
    return this.#lines.get(bookId)?.tickets.has(requestId) === true;
  }

  /** What is known of a book where others came before the request; undefined: nobody did, or it was woken. */
  ahead(bookId: string, requestId: string): LimitRefusedFacts | undefined {
    const line = this.#lines.get(bookId);
    return line === undefined || line.tickets.get(requestId)?.isAwake === true ? undefined : line.last;
  }

  /** Waits behind those who came before, or goes on to wait where it stood. undefined: `most` wait already. */
  join(facts: LimitRefusedFacts, requestId: string, most: number): LimitTicket | undefined {
    const { id } = facts.budget;
    const line = this.#lines.get(id) ?? { tickets: new Map(), last: facts, room: 0n, cancelTimer: () => {} };
    const known = line.tickets.get(requestId);
    if (known === undefined && line.tickets.size >= most) return undefined;
    const ticket = known ?? new LimitTicket(facts.needed);
    ticket.needed = facts.needed;
    ticket.isAwake = false;
    line.last = facts;
    line.tickets.set(requestId, ticket);
    this.#lines.set(id, line);
    if (ticket === first(line)) {
      line.room = facts.remaining;
      this.#wait(line);
    }
    return ticket;
  }

  /** It has room, or waits no more: whoever is next may have a try. */
  leave(bookId: string, requestId: string): void {
    const line = this.#lines.get(bookId);
    if (line === undefined || !line.tickets.delete(requestId)) return;
    const next = first(line);
    if (next !== undefined) wake(next);
    else {
      line.cancelTimer();
      this.#lines.delete(bookId);
    }
  }

  /** `amount` was given back: whoever is covered by what there is may try. Whether anybody is. */
  freed(bookId: string, amount: bigint): boolean {
    const line = this.#lines.get(bookId);
    if (line === undefined) return false;
    line.room += amount;
    return wakeAsCovered(line, line.room);
  }

  /** How many wait for each limit, all its partitions together. */
  counts(): { budget: string; limit: string; waiting: number }[] {
    const counts = new Map<string, { budget: string; limit: string; waiting: number }>();
    for (const {
      last: { budget },
      tickets,
    } of this.#lines.values()) {
      const name = `${budget.budget}/${budget.limit}`;
      const waiting = (counts.get(name)?.waiting ?? 0) + tickets.size;
      counts.set(name, { budget: budget.budget, limit: budget.limit, waiting });
    }
    return [...counts.values()];
  }

  /** Until the window ends, where all of it is free, or until the first one looks again. */
  #wait(line: Line): void {
    line.cancelTimer();
    const leftMs = line.last.windowEndMs - this.#options.now();
    const isEnd = leftMs <= LOOK_AGAIN_MS;
    line.cancelTimer = this.#options.timers.after(Math.max(0, Math.min(leftMs, LOOK_AGAIN_MS)), () => {
      const next = first(line);
      if (next !== undefined) wake(next);
      if (isEnd) wakeAsCovered(line, BigInt(line.last.budget.amount));
    });
  }
}

const first = ({ tickets }: Line): LimitTicket | undefined => tickets.values().next().value;

function wake(ticket: LimitTicket): void {
  if (ticket.isAwake) return;
  ticket.isAwake = true;
  ticket.onCome?.();
}

/** In their order, as far as the amount goes; who is awake already has its part of it. */
function wakeAsCovered({ tickets }: Line, amount: bigint): boolean {
  let left = amount;
  for (const ticket of tickets.values()) {
    left -= ticket.needed;
    if (left < 0n) return left + ticket.needed < amount;
    wake(ticket);
  }
  return true;
}
