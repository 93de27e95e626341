/**
 * Money over one stream: asks, returns and reports of one pod, carried to the treasury. The holder is the pod itself, so that a pod
 * that is gone can be forfeited by its UID alone, and a restarted container answers for what the former one held.
 */
import type { PolicyBudget } from '#contract/policy/policy';
import { decodeAmount, decodeGrantUsage, encodeAmount } from '#contract/wire/codec';
import type { GrantAsk, GrantReturn, GrantUsage, SyncResponse } from '#contract/wire/gen/remora/policy/v1/sync';
import {
  type GrantAnswer,
  type GrantName,
  GrantRefused,
  type GrantUsage as UsageAmounts,
} from '#treasury/grant-authority';

import type { HolderWord } from '#treasury/holder-word';
import { type BudgetHello, greetingOf } from './greeting.ts';

/** What the push server uses of the treasury. */
export interface GrantTreasury {
  ask(holder: string, budget: PolicyBudget, window: string, needed: bigint): Promise<GrantAnswer>;
  giveBack(key: { readonly budgetId: string; readonly window: string }, grantId: string, final: bigint): Promise<void>;
  shrink(key: { readonly budgetId: string; readonly window: string }, grantId: string, amount: bigint): Promise<void>;
  report(holder: string, usages: readonly UsageAmounts[]): Promise<void>;
  recallsTo(holder: string, take: (grant: GrantName) => boolean): () => void;
  hear(budget: PolicyBudget, window: string, word: HolderWord): Promise<void>;
  recallUnnamed(holder: string, budgets: Iterable<PolicyBudget>, named: ReadonlySet<string>): Promise<void>;
}

export interface GrantRequestsOptions {
  readonly treasury: GrantTreasury;
  readonly podUid: string;
  /** False when the stream is gone and nothing was sent. */
  readonly send: (message: NonNullable<SyncResponse['message']>) => boolean;
  readonly onAsked: (outcome: AskOutcome) => void;
  /** The treasury failed; the sidecar will try again. */
  readonly onFailed: (what: 'ask' | 'return' | 'report' | 'greeting', error: unknown) => void;
}

export type AskOutcome = 'granted' | 'denied' | 'undecided';

/** Asks of one pod that may wait for the store at once. */
const MAX_OPEN_ASKS = 256;

export class GrantRequests {
  readonly #options: GrantRequestsOptions;
  #openAsks = 0;
  #greeted: Promise<unknown> = Promise.resolve();
  #stopRecalls: (() => void) | undefined;

  constructor(options: GrantRequestsOptions) {
    this.#options = options;
  }

  async ask(ask: GrantAsk, budget: PolicyBudget | undefined): Promise<void> {
    const { treasury, podUid, onFailed } = this.#options;
    if (!budget) return this.#undecided(ask, 'The budget is none of this workload.');
    if (this.#openAsks >= MAX_OPEN_ASKS) return this.#undecided(ask, 'Too many asks of this pod wait.');
    this.#openAsks += 1;
    try {
      await this.#greeted;
      await this.#answer(ask, await treasury.ask(podUid, budget, ask.window, decodeAmount(ask.needed)));
    } catch (error) {
      onFailed('ask', error);
      this.#undecided(ask, error instanceof GrantRefused ? error.message : 'The budget could not be read or written.');
    } finally {
      this.#openAsks -= 1;
    }
  }

  async giveBack({ grantId, budgetId, window, final, open, amount }: GrantReturn): Promise<void> {
    const { treasury, send, onFailed } = this.#options;
    try {
      // A pod that leaves goes with the last acknowledgement: before it, it must have heard of grants that never reached it.
      await this.#greeted;
      if (open) {
        await treasury.shrink({ budgetId, window }, grantId, decodeAmount(amount));
        return;
      }
      await treasury.giveBack({ budgetId, window }, grantId, decodeAmount(final));
      send({ $case: 'grantReturned', value: { grantId } });
    } catch (error) {
      onFailed('return', error);
    }
  }

  /** The sidecar has said what it holds: first of all the books hear it, and from now on it hears here what others need of that. */
  greet(hello: BudgetHello, budgets: ReadonlyMap<string, PolicyBudget>): void {
    const { treasury, podUid, send, onFailed } = this.#options;
    this.#stopRecalls = treasury.recallsTo(podUid, ({ id: grantId, budgetId, window }) =>
      send({ $case: 'grantRecall', value: { grantId, budgetId, window } }),
    );
    this.#greeted = this.#hear(hello, budgets).catch((error: unknown) => onFailed('greeting', error));
  }

  async #hear(hello: BudgetHello, budgets: ReadonlyMap<string, PolicyBudget>): Promise<void> {
    const { treasury, podUid } = this.#options;
    const { words, named } = greetingOf(hello, budgets);
    await Promise.all(
      words.map(({ budget, window, ...word }) => treasury.hear(budget, window, { ...word, holder: podUid })),
    );
    await treasury.recallUnnamed(podUid, budgets.values(), named);
  }

  close(): void {
    this.#stopRecalls?.();
  }

  /** Resolves to false when the report could not be taken. */
  async report(grants: readonly GrantUsage[]): Promise<boolean> {
    const { treasury, podUid, onFailed } = this.#options;
    try {
      await treasury.report(podUid, grants.map(decodeGrantUsage));
      return true;
    } catch (error) {
      onFailed('report', error);
      return false;
    }
  }

  #undecided(ask: GrantAsk, reason: string): void {
    this.#options.onAsked('undecided');
    this.#options.send(deniedMessage(ask, { limit: '', spent: '', granted: '', reason }));
  }

  async #answer(ask: GrantAsk, given: GrantAnswer): Promise<void> {
    const { treasury, send, onAsked } = this.#options;
    onAsked(given.granted ? 'granted' : 'denied');
    if (!given.granted) {
      const { limit, spent, held } = given;
      const amounts = { limit: encodeAmount(limit), spent: encodeAmount(spent), granted: encodeAmount(held) };
      send(deniedMessage(ask, { ...amounts, reason: '' }));
      return;
    }
    const { id, budgetId, window, amount, isBeyond = false } = given.grant;
    const value = { seq: ask.seq, grantId: id, budgetId, window, amount: encodeAmount(amount), beyond: isBeyond };
    // Nobody heard of a grant whose stream is gone: it would stay spent for nothing.
    if (!send({ $case: 'grant', value })) await treasury.giveBack({ budgetId, window }, id, 0n);
  }
}

type Denial = { readonly limit: string; readonly spent: string; readonly granted: string; readonly reason: string };

const deniedMessage = ({ seq, budgetId, window }: GrantAsk, denial: Denial): NonNullable<SyncResponse['message']> => ({
  $case: 'grantDenied',
  value: { seq, budgetId, window, ...denial },
});
