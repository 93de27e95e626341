/** What a sidecar says in Hello of the budgets of its workload, book by book. Pure. */
import { budgetOfBook } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { decodeClosedUse, decodeGrantUsage } from '#contract/wire/codec';
import type { Hello } from '#contract/wire/gen/remora/policy/v1/sync';
import type { HolderWord } from '#treasury/holder-word';

interface BookWord extends Omit<HolderWord, 'holder'> {
  readonly budget: PolicyBudget;
  readonly window: string;
}

export interface Greeting {
  /** Of books that the sidecar names and that are its workload's. */
  readonly words: readonly BookWord[];
  /** Of every grant that it holds, or is about to give back. */
  readonly named: ReadonlySet<string>;
}

/** What Hello says of budgets. */
export type BudgetHello = Pick<Hello, 'openGrants' | 'closed'>;

/** `budgets`: the limits of the workload, by id. Throws when an amount is malformed. */
export function greetingOf({ openGrants, closed }: BudgetHello, budgets: ReadonlyMap<string, PolicyBudget>): Greeting {
  const open = openGrants.map(decodeGrantUsage);
  const used = new Map(closed.map((use) => [bookName(use), decodeClosedUse(use)]));
  const books = new Map([...open, ...used.values()].map((one) => [bookName(one), one]));
  const grants = Map.groupBy(open, bookName);
  const words = [...books].flatMap(([name, { budgetId, window }]): BookWord[] => {
    const budget = budgetOfBook(budgets, budgetId);
    if (budget === undefined) return [];
    const held = (grants.get(name) ?? []).map(({ grantId, amount, used: spent, reserved }) => ({
      id: grantId,
      // At least that much is bound where the whole was not said.
      amount: amount ?? spent + reserved,
      used: spent,
    }));
    const { used: spent = 0n, closing = [] } = used.get(name) ?? {};
    return [{ budget, window, closed: spent, closing, open: held }];
  });
  const back = [...used.values()].flatMap(({ closing }) => closing.map(({ id }) => id));
  return { words, named: new Set([...open.map(({ grantId }) => grantId), ...back]) };
}

const bookName = ({ budgetId, window }: { readonly budgetId: string; readonly window: string }): string =>
  `${budgetId} ${window}`;
