/**
 * Budget over the stream. An ask has a deadline and outlives a reconnect within it; a return is repeated until the operator says that
 * it is durable, since only then may the holder forget the grant.
 */
import type { PolicyBudget } from '#contract/policy/policy';
import { decodeAmount, encodeAmount } from '#contract/wire/codec';
import type {
  GrantAsk,
  GrantDenied,
  Grant as GrantMessage,
  GrantReturn,
} from '#contract/wire/gen/remora/policy/v1/sync';
import type { Timers } from '#sidecar/time/timers';
import {
  type Grant,
  type GrantAnswer,
  type GrantAuthority,
  type GrantName,
  GrantRefused,
} from '#treasury/grant-authority';
import type { Inbound, Outbound } from './connection.ts';

const ASK_WITHIN_MS = 3_000;
const REPEAT_RETURNS_MS = 5_000;
const MAX_ASKS = 1_024;

/** The operator is away. */
class GrantUnavailable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'GrantUnavailable';
  }
}

const leaving = (): GrantUnavailable => new GrantUnavailable('The sidecar is leaving.');

export type Send = (message: Outbound) => boolean;

interface PendingAsk {
  readonly message: GrantAsk;
  readonly resolve: (answer: GrantAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: () => void;
}

interface PendingReturn {
  readonly grant: Grant;
  readonly final: bigint;
  /** Shared by all who gave it back. */
  readonly durable: PromiseWithResolvers<void>;
}

export class GrantClient
  implements Pick<GrantAuthority, 'ask' | 'giveBack' | 'shrink' | 'onRecall' | 'leave' | 'isReachable'>
{
  readonly #timers: Timers;
  readonly #asks = new Map<number, PendingAsk>();
  /** Asks of this stream, whether or not somebody still waits for them: a grant may be on its way. */
  readonly #unanswered = new Set<number>();
  readonly #returns = new Map<string, PendingReturn>();
  #send: Send | undefined;
  /** Away for longer than an ask would wait. */
  #unreachable = false;
  #leaving = false;
  #takeRecall: ((grant: GrantName) => void) | undefined;
  #cancelTimer = (): void => {};
  #lastSeq = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
    this.#awaitOperator();
  }

  /** Every return is known to be durable, and no grant is on its way. */
  get isSettled(): boolean {
    return this.#returns.size === 0 && this.#unanswered.size === 0;
  }

  /** The stream is up. */
  isReachable(): boolean {
    return this.#send !== undefined;
  }

  /** Rejects with GrantUnavailable at its deadline, or at once when the operator has been away for longer than that; with GrantRefused when the operator says why it decides nothing. */
  ask(budget: PolicyBudget, window: string, needed: bigint): Promise<GrantAnswer> {
    if (this.#unreachable) return Promise.reject(new GrantUnavailable('The operator cannot be reached.'));
    if (this.#leaving) return Promise.reject(leaving());
    if (Math.max(this.#asks.size, this.#unanswered.size) >= MAX_ASKS)
      return Promise.reject(new GrantUnavailable('Too many asks wait for the operator.'));
    this.#lastSeq += 1;
    const message: GrantAsk = { seq: this.#lastSeq, budgetId: budget.id, window, needed: encodeAmount(needed) };
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(ASK_WITHIN_MS, () => {
        this.#asks.delete(message.seq);
        reject(new GrantUnavailable('The operator did not answer in time.'));
      });
      this.#asks.set(message.seq, { message, resolve, reject, cancel });
      this.#sendAsk(message);
    });
  }

  giveBack(grant: Grant, final: bigint): Promise<void> {
    return this.#addReturn(grant, final).durable.promise;
  }

  shrink(grant: Grant): void {
    const amount = encodeAmount(grant.amount);
    this.#send?.({ $case: 'grantReturn', value: { ...returnOf(grant, amount), open: true, amount } });
  }

  onRecall(take: (grant: GrantName) => void): void {
    this.#takeRecall = take;
  }

  leave(): void {
    this.#leaving = true;
    for (const seq of [...this.#asks.keys()]) this.#take(seq)?.reject(leaving());
  }

  /** Sends what waits: returns first, so that what they free can be asked for. */
  connected(send: Send): void {
    this.#cancelTimer();
    this.#unreachable = false;
    this.#send = send;
    const repeat = (): void => {
      for (const pending of this.#returns.values()) this.#sendReturn(pending);
    };
    repeat();
    for (const { message } of this.#asks.values()) this.#sendAsk(message);
    this.#cancelTimer = this.#timers.every(REPEAT_RETURNS_MS, repeat);
  }

  disconnected(): void {
    if (!this.#send) return;
    this.#send = undefined;
    // The next greeting tells what was granted.
    this.#unanswered.clear();
    this.#awaitOperator();
  }

  /** True when the message was about grants. */
  receive(message: Inbound): boolean {
    switch (message.$case) {
      case 'grant':
        this.#granted(message.value);
        return true;
      case 'grantDenied':
        this.#denied(message.value);
        return true;
      case 'grantRecall': {
        const { grantId: id, budgetId, window } = message.value;
        this.#takeRecall?.({ id, budgetId, window });
        return true;
      }
      case 'grantReturned':
        this.#returned(message.value.grantId);
        return true;
      default:
        return false;
    }
  }

  /** Rejects what waits. */
  close(): void {
    this.#cancelTimer();
    this.#send = undefined;
    this.#unreachable = true;
    this.leave();
    for (const { durable } of this.#returns.values()) durable.reject(leaving());
    this.#returns.clear();
  }

  #awaitOperator(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#timers.after(ASK_WITHIN_MS, () => {
      this.#unreachable = true;
    });
  }

  #take(seq: number): PendingAsk | undefined {
    const ask = this.#asks.get(seq);
    this.#asks.delete(seq);
    ask?.cancel();
    return ask;
  }

  #sendAsk(message: GrantAsk): void {
    if (this.#send?.({ $case: 'grantAsk', value: message })) this.#unanswered.add(message.seq);
  }

  #addReturn(grant: Grant, final: bigint): PendingReturn {
    const known = this.#returns.get(grant.id);
    if (known) return known;
    const durable = Promise.withResolvers<void>();
    // Nobody may be waiting for it.
    durable.promise.catch(() => {});
    const added: PendingReturn = { grant, final, durable };
    this.#returns.set(grant.id, added);
    this.#sendReturn(added);
    return added;
  }

  #sendReturn({ grant, final }: PendingReturn): void {
    this.#send?.({ $case: 'grantReturn', value: returnOf(grant, encodeAmount(final)) });
  }

  #granted({ seq, grantId: id, budgetId, window, amount, beyond }: GrantMessage): void {
    const grant: Grant = { id, budgetId, window, amount: decodeAmount(amount), ...(beyond && { isBeyond: true }) };
    this.#unanswered.delete(seq);
    const ask = this.#take(seq);
    if (ask) ask.resolve({ granted: true, grant });
    // Nobody waits for it any more.
    else this.#addReturn(grant, 0n);
  }

  #denied({ seq, limit, spent, granted, reason }: GrantDenied): void {
    this.#unanswered.delete(seq);
    const ask = this.#take(seq);
    if (!ask) return;
    if (reason !== '') ask.reject(new GrantRefused(reason));
    else
      ask.resolve({
        granted: false,
        limit: decodeAmount(limit),
        spent: decodeAmount(spent),
        held: decodeAmount(granted),
      });
  }

  #returned(grantId: string): void {
    const done = this.#returns.get(grantId);
    this.#returns.delete(grantId);
    done?.durable.resolve();
  }
}

const returnOf = ({ id: grantId, budgetId, window }: GrantName, final: string): GrantReturn => ({
  ...{ grantId, budgetId, window, final },
  open: false,
  amount: '',
});
