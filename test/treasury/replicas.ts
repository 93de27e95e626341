/** Two replicas of an operator over one place for books, each with a pod of its own. */
import type { PolicyBudget } from '#contract/policy/policy';
import type { Reservation } from '#sidecar/budget/budget-gate';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import { eventually } from '#test/operator/eventually';
import type { GrantStore } from '#treasury/grant-store';
import { Treasury } from '#treasury/treasury';
import { attemptOf, NOON } from './budgets.ts';
import { TestClock } from './clock.ts';
import { MemoryDisk } from './memory-journal.ts';

/** Slower than real time, so that a real server on a busy machine answers within the deadlines. */
const STEP_MS = 10;

export interface Replicas {
  readonly clock: TestClock;
  /** Each asks another replica. */
  readonly pods: readonly [SidecarBudgetGate, SidecarBudgetGate];
  /** Tries until it is let through, as apps do. */
  reserve(pod: SidecarBudgetGate, budget: PolicyBudget, tokens: number): Promise<Reservation>;
}

export function replicasOver(open: () => GrantStore): Replicas {
  const clock = new TestClock(NOON);
  let ids = 0;
  const podOf = (instance: string): SidecarBudgetGate => {
    const treasury = new Treasury({
      ...{ store: open(), now: clock.now, hasPeers: true },
      newId: () => `grant-${ids++}`,
      after: (ms, task) => clock.after(ms, task),
    });
    const journal = new Journal(new MemoryDisk().mount());
    const authority = treasury.authorityFor(instance);
    return createBudgetGate({ authority, journal, instance, now: clock.now, timers: clock });
  };
  const reserve = (pod: SidecarBudgetGate, budget: PolicyBudget, tokens: number): Promise<Reservation> => {
    let asking = false;
    let reservation: Reservation | undefined;
    return eventually('a reservation', () => {
      if (!asking && reservation === undefined) {
        asking = true;
        pod
          .reserve(attemptOf([budget], tokens))
          .then((made) => (reservation = made))
          .catch(() => undefined)
          .finally(() => (asking = false));
      }
      clock.advance(STEP_MS);
      return reservation;
    });
  };
  return { clock, pods: [podOf('pod-a'), podOf('pod-b')], reserve };
}
