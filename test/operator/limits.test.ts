/** Limits of AIRoutes, AIProviders and AIKeys before a real API server: whose books they are, and what their status says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { pathOf, remoraType } from '#operator/kube/resource-type';
import { attemptOf, callerOf } from '#test/treasury/budgets';
import { windowAt } from '#treasury/window';
import { eventually } from './eventually.ts';
import { World } from './world.ts';

interface Limits {
  readonly limits?: readonly { readonly name: string; readonly spent: string; readonly remaining: string }[];
}

test('an AIRoute, an AIProvider and an AIKey show what was spent of their limits, and own the books', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  const day = { name: 'day', tokens: 1_000, every: 'Month' };
  await world.apply('AIProvider', 'mock', { type: 'Mock', limits: [{ concurrency: 9 }, { ...day, per: ['user'] }] });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/echo' }], limits: [day] });
  await world.apply('AIBudget', 'chat', { limits: [day] });
  await world.apply('AIKey', 'chat', { limits: [day] });
  const { sink, client } = world.sidecar(await world.pod('app-1'), operator);
  const limits = await eventually('four limits', () => {
    const found = sink.policy?.budgets ?? [];
    return found.length === 4 ? found : undefined;
  });
  const caller = callerOf('ann');
  const window = windowAt('Month', Date.now()).id;
  const spend = async (budget: PolicyBudget, amount: bigint): Promise<void> => {
    const answer = await client.authority.ask(partitionOf(budget, attemptOf([], 1, { caller })), window, 1_000n);
    assert.ok(answer.granted, budget.id);
    await client.authority.giveBack(answer.grant, amount);
  };
  for (const [index, budget] of limits.entries()) await spend(budget, BigInt(index + 1) * 100n);
  const shown = async (kind: string, name: string): Promise<string> => {
    const { limits: [limit] = [] } = (await world.status(kind, name)) as Limits;
    return `${limit?.name} ${limit?.spent} ${limit?.remaining}`;
  };
  for (const [kind, name, figures] of [
    ['AIBudget', 'chat', 'day 100 tokens 900 tokens'],
    ['AIRoute', 'chat', 'day 200 tokens 800 tokens'],
    ['AIProvider', 'mock', 'day 300 tokens 700 tokens'],
    ['AIKey', 'chat', 'day 400 tokens 600 tokens'],
  ] as const)
    await eventually(`the figures of the ${kind}`, async () => (await shown(kind, name)) === figures);
  await world.condition('AIProvider', 'mock', 'PartitionsBounded', ({ status }) => status === 'True');
  const path = pathOf(remoraType('AIBudgetLedger'), { namespace: world.namespace });
  const { items } = (await world.server.request({ path })).body as {
    items: { metadata: { name: string; ownerReferences: { kind: string; name: string }[] } }[];
  };
  const owners = items.flatMap(({ metadata }) => metadata.ownerReferences.map(({ kind, name }) => `${kind} ${name}`));
  assert.deepEqual(owners.sort(), ['AIBudget chat', 'AIKey chat', 'AIProvider mock', 'AIRoute chat']);
});
