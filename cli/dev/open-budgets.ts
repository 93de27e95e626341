/** Budgets on a laptop: the same engine as in the cluster, over files of one folder. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '#cli/user-error';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { openJournal } from '#sidecar/budget/journal';
import { type GrantStore, StoreUnavailable } from '#treasury/grant-store';
import { openGrantStore } from '#treasury/stores/index';
import { Treasury } from '#treasury/treasury';
import { keepUsage } from './usage-keeper.ts';

export interface Money {
  readonly gate: SidecarBudgetGate;
  close(): Promise<void>;
}

/** Throws UserError when another process keeps its budgets there, or the folder cannot be written. `say` tells what goes wrong later. */
export function openMoney(folder: string, say: (text: string) => void): Money {
  const store = openStore(folder);
  const treasury = new Treasury({ store, now: Date.now, newId: randomUUID });
  // A book that cannot be deleted only takes room; whatever is wrong with the folder, the next request says.
  treasury.keepSwept({ onFailed: () => undefined });
  const instance = randomUUID();
  const journal = openJournal(join(folder, 'journal'));
  const gate = createBudgetGate({ authority: treasury.authorityFor(instance), journal, instance, now: Date.now });
  const usage = keepUsage(folder, { gate, say });
  return {
    gate,
    async close() {
      await gate.close();
      await usage.close();
      await treasury.close();
      journal.close();
      await store.close();
    },
  };
}

function openStore(folder: string): GrantStore {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return openGrantStore(`file:${join(folder, 'budgets')}`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const reason =
      error instanceof StoreUnavailable ? error.message : `budgets cannot be kept in ${folder}: ${error.message}.`;
    throw new UserError(`${reason} The folder is set by --state.`, { cause: error });
  }
}
