/**
 * `npm run bench -- reserve`: what the reservation of an attempt costs in processor time while a grant is in hand, beside the same
 * attempt without any limit, in the same process and in turns. Both journal their rows on this machine's disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { openJournal } from '#sidecar/budget/journal';
import { attemptOf, billed, budgetOf } from '#test/treasury/budgets';
import type { GrantAuthority } from '#treasury/grant-authority';

/** Microseconds. */
const LIMIT = 15;
const ROUNDS = 9;
const ATTEMPTS = 5_000;
/** Of a grant, in attempts. */
const PLENTY = 10_000_000n;
const BUDGETS = [budgetOf('month', 10n ** 18n, { every: 'Month' })];
const LABELS = {
  ...{ namespace: 'shop', workload: 'shop/app', team: 'team-a', project: 'support', environment: 'prod' },
  ...{ feature: 'chat', user: 'user-1', session: 'session-1', rule: '0', providerName: 'openai', operation: 'chat' },
};

class CountingAuthority implements GrantAuthority {
  asks = 0;

  async ask(...[{ id: budgetId }, window, needed]: Parameters<GrantAuthority['ask']>) {
    this.asks += 1;
    return { granted: true as const, grant: { id: `grant-${this.asks}`, budgetId, window, amount: needed * PLENTY } };
  }

  async giveBack(): Promise<void> {}

  report(): void {}
}

async function attempts(gate: SidecarBudgetGate, budgets: typeof BUDGETS): Promise<number> {
  const before = process.cpuUsage();
  for (let nth = 0; nth < ATTEMPTS; nth++) {
    const reservation = await gate.reserve(attemptOf(budgets, 100, { labels: LABELS }));
    reservation.settle(billed(50));
    if (nth % 500 === 499)
      for (const { instance, seq } of gate.records(5_000).slice(-1)) gate.acknowledge(instance, seq);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ATTEMPTS;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export async function benchReserve(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-reserve-'));
  const authority = new CountingAuthority();
  const journal = openJournal(join(folder, 'journal'));
  const gate = createBudgetGate({ authority, journal, instance: 'bench', now: Date.now });
  try {
    await attempts(gate, BUDGETS);
    await attempts(gate, []);
    const asked = authority.asks;
    const [limited, free]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      limited.push(await attempts(gate, BUDGETS));
      free.push(await attempts(gate, []));
    }
    const [one, other] = [median(limited), median(free)];
    return [
      `an attempt under a limit ${one.toFixed(1)} µs, without one ${other.toFixed(1)} µs, ${(one / other).toFixed(2)} ×`,
      `the reservation adds ${(one - other).toFixed(1)} µs (limit ${LIMIT}); asks of the treasury meanwhile: ${authority.asks - asked}`,
    ].join('\n');
  } finally {
    await gate.close();
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
