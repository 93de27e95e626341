/**
 * A sidecar that spends until it is killed: the budget gate over a journal on a real disk. The treasury and the provider are the
 * parent process, reached over the IPC channel.
 */
import process from 'node:process';
import { createBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { openJournal } from '#sidecar/budget/journal';
import type { Grant, GrantAnswer, GrantAuthority } from '#treasury/grant-authority';
import { attemptOf, billed, budgetOf, NOON, UNKNOWN } from './budgets.ts';
import { FREE, type FromSpender, type ToSpender } from './spender-messages.ts';

const [journalPath = '', instance = '', amount = '0', mode = 'spend'] = process.argv.slice(2);
const BUDGET = budgetOf('dev', BigInt(amount));
const BUDGET_AMOUNT = BigInt(amount);
const PARALLEL = 8;

const answers = new Map<number, (answer: ToSpender) => void>();
let calls = 0;

function call(message: FromSpender['body']): Promise<ToSpender> {
  calls += 1;
  const id = calls;
  return new Promise((resolve) => {
    answers.set(id, resolve);
    process.send?.({ id, body: message } satisfies FromSpender);
  });
}

process.on('message', (message: ToSpender) => {
  answers.get(message.id)?.(message);
  answers.delete(message.id);
});

const authority: GrantAuthority = {
  async ask(_budget, window, needed): Promise<GrantAnswer> {
    const { granted } = await call({ kind: 'ask', window, needed: String(needed) });
    if (granted === undefined || granted === null)
      return { granted: false, limit: BUDGET_AMOUNT, spent: BUDGET_AMOUNT, held: 0n };
    return { granted: true, grant: { id: granted.id, budgetId: BUDGET.id, window, amount: BigInt(granted.amount) } };
  },
  async giveBack(grant: Grant, final: bigint): Promise<void> {
    await call({ kind: 'giveBack', window: grant.window, grantId: grant.id, final: String(final) });
  },
  report: () => undefined,
};

const gate = createBudgetGate({ authority, journal: openJournal(journalPath), instance, now: () => NOON });

/** Until the budget is gone, or this process is. */
async function spend(worker: number): Promise<void> {
  for (let n = 0; ; n++) {
    const atMost = 20 + ((worker * 7 + n) % 30);
    // A part of all is paid for by no budget, and is a row as well.
    const isFree = (worker + n) % 4 === 0;
    const requestId = `${isFree ? FREE : ''}${instance}/${worker}/${n}`;
    const attempt = attemptOf(isFree ? [] : [BUDGET], atMost, { requestId });
    const reservation = await gate.reserve(attempt).catch(() => undefined);
    if (reservation === undefined) return;
    const { tokens } = await call({ kind: 'generate', requestId: attempt.requestId, atMost });
    reservation.settle(n % 9 === 0 || tokens === undefined ? UNKNOWN : billed(tokens));
  }
}

async function main(): Promise<void> {
  await call({ kind: 'ready' });
  if (mode === 'spend') await Promise.all(Array.from({ length: PARALLEL }, (_, worker) => spend(worker)));
  await gate.close();
  const records = gate
    .records(100_000)
    .map(({ costNanoUsd, requestId = '', ...record }) => ({ ...record, requestId, cost: String(costNanoUsd) }));
  await call({ kind: 'done', records, open: gate.usage().length });
  process.disconnect();
}

await main();
