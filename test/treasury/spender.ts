/**
 * A sidecar that spends until it is killed, refused or told to end: the budget gate over a journal on a real disk. The treasury and the
 * provider are the parent process, reached over the IPC channel.
 */
import process from 'node:process';
import { createBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { openJournal } from '#sidecar/budget/journal';
import type { Grant, GrantAnswer, GrantAuthority } from '#treasury/grant-authority';
import { attemptOf, billed, budgetOf, NOON, UNKNOWN } from './budgets.ts';
import { FREE, type FromSpender, type SpenderAnswer, type SpenderOptions, type ToSpender } from './spender-messages.ts';

const { journal, instance, amount, mode, noonMs } = JSON.parse(process.argv[2] ?? '{}') as SpenderOptions;
const BUDGET_AMOUNT = BigInt(amount);
const BUDGET = budgetOf('dev', BUDGET_AMOUNT);
const PARALLEL = { spend: 8, cap: 2, idle: 2, end: 0 }[mode];
const MOST_REQUESTS = mode === 'idle' ? 3 : Number.POSITIVE_INFINITY;
const MOST_REFUSALS = mode === 'cap' ? 4 : 1;

const answers = new Map<number, (answer: SpenderAnswer) => void>();
let calls = 0;
let recalled: (grant: { id: string; budgetId: string; window: string }) => void = () => undefined;

function call(body: FromSpender['body']): Promise<SpenderAnswer> {
  calls += 1;
  const id = calls;
  return new Promise((resolve) => {
    answers.set(id, resolve);
    process.send?.({ id, body } satisfies FromSpender);
  });
}

process.on('message', (message: ToSpender) => {
  if ('recall' in message) return recalled({ ...message.recall, budgetId: BUDGET.id });
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
  shrink({ id, window, amount: rest }): void {
    void call({ kind: 'shrink', window, id, amount: String(rest) });
  },
  onRecall(take): void {
    recalled = take;
  },
  report: () => undefined,
};

const now = (): number => NOON + Date.now() - noonMs;
const gate = createBudgetGate({ authority, journal: openJournal(journal), instance, now });

async function spend(worker: number): Promise<void> {
  for (let n = 0, refusals = 0; refusals < MOST_REFUSALS && n < MOST_REQUESTS; n++) {
    const atMost = 20 + ((worker * 7 + n) % 30);
    // A part of all is paid for by no budget, and is a row as well.
    const isFree = mode === 'spend' && (worker + n) % 4 === 0;
    const requestId = `${isFree ? FREE : ''}${instance}/${worker}/${n}`;
    const attempt = attemptOf(isFree ? [] : [BUDGET], atMost, { requestId });
    const reservation = await gate.reserve(attempt).catch(() => undefined);
    refusals = reservation === undefined ? refusals + 1 : 0;
    if (reservation === undefined) continue;
    const { tokens } = await call({ kind: 'generate', requestId: attempt.requestId, atMost });
    reservation.settle(n % 9 === 0 || tokens === undefined ? UNKNOWN : billed(tokens));
  }
}

async function main(): Promise<void> {
  await call({ kind: 'ready' });
  await Promise.all(Array.from({ length: PARALLEL }, (_, worker) => spend(worker)));
  await call({ kind: 'quiet' });
  await gate.close();
  const records = gate
    .records(100_000)
    .map(({ costNanoUsd, requestId = '', ...record }) => ({ ...record, requestId, cost: String(costNanoUsd) }));
  await call({ kind: 'done', records, open: gate.usage().length });
  process.disconnect();
}

await main();
