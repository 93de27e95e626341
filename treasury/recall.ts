/**
 * The recall of one book: whoever waits for what others hold and do not use has it asked back, and hears what came of it. Holders
 * give back what they have neither spent nor reserved, so that a recall takes nothing from a request that is under way.
 */
import type { GrantName } from './grant-authority.ts';
import type { After } from './open-book.ts';

/** A grant of which a part is not known to be spent. */
export interface IdleGrant extends GrantName {
  readonly holder: string;
}

/** Tells the holder; false when it cannot be told from here. */
export type RecallFrom = (grant: IdleGrant) => boolean;

/** An ask that cannot be served waits this long for what comes back; a sidecar waits for its answer for two seconds. */
export const RECALL_WITHIN_MS = 500;
/** So that asks at an empty cap do not storm the holders; those that come meanwhile wait for the same answers. */
const ROUND_EVERY_MS = 100;
/** What another replica got back shows at the next look. */
const LOOK_EVERY_MS = 125;
const ELSEWHERE_EVERY_MS = 1_000;
/** Holders that are told at once. */
const MAX_RECALLED = 256;

interface Waiter {
  /** What has to come back before it is worth to look again. */
  short: bigint;
  readonly wake: () => void;
}

export class Recall {
  readonly #recallFrom: RecallFrom;
  readonly #after: After;
  readonly #recallElsewhere: (nowMs: number) => boolean;
  #elsewhereAtMs = Number.NEGATIVE_INFINITY;
  /** Grants that are left alone until then: their holders were told of late. */
  readonly #told = new Map<string, { readonly untilMs: number; answered: boolean }>();
  #roundAtMs = Number.NEGATIVE_INFINITY;
  #waiters: Waiter[] = [];

  /** `recallElsewhere` has the other replicas tell the holders that are theirs; false when nobody would hear it. */
  constructor(recallFrom: RecallFrom, after: After, recallElsewhere: (nowMs: number) => boolean) {
    this.#recallFrom = recallFrom;
    this.#after = after;
    this.#recallElsewhere = recallElsewhere;
  }

  /** Asks these back, unless that was done of late; to find them costs as much as there are grants. False: nothing is to be waited for. */
  begin(idle: () => readonly IdleGrant[], nowMs: number): boolean {
    if (this.#isDue(nowMs)) this.#round(idle(), nowMs);
    return this.#isOpen(nowMs);
  }

  /** Of a holder that was told: it has given back `freed`, which may be nothing. */
  answered(grantId: string, freed: bigint): void {
    const told = this.#told.get(grantId);
    if (told !== undefined) told.answered = true;
    const none = ![...this.#told.values()].some(({ answered }) => !answered);
    const woken = this.#waiters.filter((waiter) => {
      waiter.short -= freed;
      return none || waiter.short <= 0n;
    });
    for (const { wake } of woken) wake();
  }

  /** Resolves when `short` has come back, or nothing more does, or after a moment. */
  news(short: bigint): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiters = this.#waiters.filter((one) => one !== waiter);
        resolve();
      };
      const cancel = this.#after(LOOK_EVERY_MS, wake);
      const waiter: Waiter = { short, wake };
      this.#waiters.push(waiter);
    });
  }

  /** Nobody is to wait any more. */
  stop(): void {
    this.#told.clear();
    for (const { wake } of [...this.#waiters]) wake();
  }

  /** A clock that was set back must not silence it for long. */
  #isDue(nowMs: number): boolean {
    return nowMs - this.#roundAtMs >= ROUND_EVERY_MS || nowMs < this.#roundAtMs;
  }

  #isOpen(nowMs: number): boolean {
    if (Math.abs(nowMs - this.#elsewhereAtMs) < RECALL_WITHIN_MS) return true;
    return [...this.#told.values()].some(({ untilMs, answered }) => !answered && untilMs > nowMs);
  }

  #round(idle: readonly IdleGrant[], nowMs: number): void {
    for (const [id, { untilMs }] of this.#told)
      if (untilMs <= nowMs || untilMs > nowMs + RECALL_WITHIN_MS) this.#told.delete(id);
    const due = idle.filter(({ id }) => !this.#told.has(id)).slice(0, MAX_RECALLED);
    for (const grant of due) {
      // Before it is told: a holder in this process may answer at once.
      this.#told.set(grant.id, { untilMs: nowMs + RECALL_WITHIN_MS, answered: false });
      if (!this.#recallFrom(grant)) this.#told.delete(grant.id);
    }
    this.#roundAtMs = nowMs;
    if (due.some(({ id }) => !this.#told.has(id))) this.#elsewhere(nowMs);
  }

  /** Each is a write of the book. */
  #elsewhere(nowMs: number): void {
    if (Math.abs(nowMs - this.#elsewhereAtMs) < ELSEWHERE_EVERY_MS) return;
    if (this.#recallElsewhere(nowMs)) this.#elsewhereAtMs = nowMs;
  }
}
