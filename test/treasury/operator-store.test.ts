import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KIND } from '#contract/names/api';
import { readConfig } from '#operator/config';
import { pathOf, remoraType } from '#operator/kube/resource-type';
import { startOperator } from '#operator/operator';
import { createLog } from '#operator/telemetry/log';
import { eventually } from '#test/operator/eventually';
import { directAccess } from '#test/operator/faulty-api';
import { World } from '#test/operator/world';
import { postgres } from '#test/support/postgres';
import { openGrantStore } from '#treasury/stores/index';
import { windowAt } from '#treasury/window';

test('an operator keeps its books where REMORA_GRANT_STORE says, and shows what was spent there', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const folder = mkdtempSync(join(tmpdir(), 'remora-books-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = readConfig({
    ...{ REMORA_PUSH_PORT: '0', REMORA_WEBHOOK_PORT: '0', REMORA_HEALTH_PORT: '0', REMORA_HOST: '127.0.0.1' },
    ...{ REMORA_NAMESPACE: world.namespace, REMORA_WATCH_NAMESPACE: world.namespace },
    REMORA_GRANT_STORE: `file:${folder}`,
  });
  const log = createLog('silent', { write: () => undefined });
  const access = directAccess(world.server);
  const operator = await startOperator({ config, access, log, version: 'test', lookAtBudgetsEveryMs: 50 });
  t.after(() => operator.close());
  await world.apply(KIND.provider, 'mock', { type: 'Mock' });
  await world.apply(KIND.route, 'chat', { targets: [{ model: 'mock/demo' }] });
  await world.apply(KIND.budget, 'caps', { limits: [{ name: 'all', usd: 50, every: 'Month' }] });
  const { sink, client } = world.sidecar(await world.pod('app-1'), operator);
  const budget = await eventually('the budget', () => sink.policy?.budgets[0]);
  await eventually('the empty figures', async () => (await world.status(KIND.budget, 'caps')).spent === '0.00 USD');
  const window = windowAt(budget.every, Date.now()).id;
  const answer = await client.authority.ask(budget, window, 12_500_000_000n);
  assert.ok(answer.granted);
  await client.authority.giveBack(answer.grant, 12_500_000_000n);
  await eventually('the spent figures', async () => (await world.status(KIND.budget, 'caps')).spent === '12.50 USD');

  const ledgers = pathOf(remoraType(KIND.budgetLedger), { namespace: world.namespace });
  const { body } = await world.server.request({ path: ledgers });
  assert.deepEqual((body as { items: unknown[] }).items, []);
  assert.throws(() => openGrantStore(`file:${folder}`), /already keeps the budgets/);
  await operator.close();
  const after = openGrantStore(`file:${folder}`);
  assert.equal((await after.read({ budgetId: budget.id, window }))?.settled, 12_500_000_000n);
  await after.close();
});

test('two operators over PostgreSQL: what a pod of the one holds idle is recalled for a pod of the other', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  const world = url === undefined ? undefined : await World.open(t);
  if (!world || url === undefined) return;
  await world.apply(KIND.provider, 'mock', { type: 'Mock' });
  await world.apply(KIND.route, 'chat', { targets: [{ model: 'mock/demo' }] });
  await world.apply(KIND.budget, 'caps', { limits: [{ name: 'all', usd: 50, every: 'Month' }] });
  const podAt = async (name: string) => {
    const operator = await world.operator(undefined, { REMORA_GRANT_STORE: url });
    const { sink, client } = world.sidecar(await world.pod(name), operator);
    const budget = await eventually('the budget', () => sink.policy?.budgets[0]);
    const window = windowAt(budget.every, Date.now()).id;
    return { authority: client.authority, ask: (usd: bigint) => client.authority.ask(budget, window, usd * 10n ** 9n) };
  };
  const [rich, poor] = [await podAt('app-1'), await podAt('app-2')];
  rich.authority.onRecall?.((grant) => rich.authority.shrink?.({ ...grant, amount: 0n }));
  assert.ok((await rich.ask(40n)).granted);
  await eventually('what was idle', async () => (await poor.ask(45n)).granted);
});
