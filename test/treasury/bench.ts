/** One treasury over an API server in memory, and as many budget gates as a test wants. */
import assert from 'node:assert/strict';
import { createBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { GrantAuthority } from '#treasury/grant-authority';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { Treasury } from '#treasury/treasury';
import { NOON } from './budgets.ts';
import { TestClock } from './clock.ts';
import { LedgerServer } from './ledger-server.ts';
import { MemoryDisk } from './memory-journal.ts';

let ids = 0;

export function bench(wrap: (authority: GrantAuthority) => GrantAuthority = (authority) => authority) {
  const clock = new TestClock(NOON);
  const store = new ClusterGrantStore({ objects: new LedgerServer().client(), ownerOf: () => undefined });
  const newId = (): string => {
    ids += 1;
    return `grant-${ids}`;
  };
  const treasury = new Treasury({ store, now: clock.now, newId, after: (ms, task) => clock.after(ms, task) });
  const disk = new MemoryDisk();
  const overruns: bigint[] = [];
  const gateOf = (instance: string, at = disk) =>
    createBudgetGate({
      authority: wrap(treasury.authorityFor(instance)),
      journal: new Journal(at.mount()),
      instance,
      now: clock.now,
      timers: clock,
      hooks: { overrun: (_budget, amount) => void overruns.push(amount) },
    });
  return { clock, treasury, store, disk, overruns, gateOf };
}

/** With one gate for the whole of a test, at the end of which it gives back what it holds. */
export function gatedBench(test: { after(release: () => Promise<void>): void }, wrap?: Parameters<typeof bench>[0]) {
  const all = bench(wrap);
  const gate = all.gateOf('pod');
  test.after(async () => {
    await gate.close();
    await all.treasury.close();
  });
  return { ...all, gate };
}

export const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Polls; the guard only ends what would never end. */
export async function until(done: () => Promise<boolean> | boolean): Promise<void> {
  for (let round = 0; round < 1_000; round++) {
    if (await done()) return;
    await soon();
  }
  assert.fail('it never happened');
}

/** The error of a refused attempt. */
export async function refusalOf(reserving: Promise<unknown>): Promise<RemoraError> {
  const error = await reserving.then(
    () => assert.fail('it was let through'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RemoraError, String(error));
  return error;
}
