/** Alerts over a real API server: told once over replicas and restarts, and posted until they are taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { LimitStatus } from '#contract/resources/limit-status';
import { isSigned, SIGNING_KEY, startReceiver } from '#test/sidecar/callback/stage';
import { attemptOf, callerOf } from '#test/treasury/budgets';
import { windowAt } from '#treasury/window';
import { eventually } from './eventually.ts';
import { type TestSidecar, World } from './world.ts';

interface TestEvent {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
}

async function eventsOf(world: World, reason: string): Promise<TestEvent[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${world.namespace}/events`;
  const { items } = (await world.server.request({ path })).body as { items: TestEvent[] };
  return items.filter((event) => event.reason === reason);
}

const notesOf = async (world: World): Promise<(string | undefined)[]> =>
  (await eventsOf(world, 'BudgetThreshold')).map(({ note }) => /: (\d+)% is passed/.exec(note)?.[1]).sort();

async function start(world: World, limit: object, alerts?: readonly object[]) {
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/echo' }] });
  const limits = [{ name: 'all', tokens: 1_000, every: 'Month', ...limit }];
  await world.apply('AIBudget', 'caps', { limits, ...(alerts && { alerts }) });
}

async function spend(
  { client, sink }: TestSidecar,
  tokens: bigint,
  as = (budget: PolicyBudget): PolicyBudget => budget,
): Promise<void> {
  const budget = await eventually('the budget', () => sink.policy?.budgets[0]);
  const answer = await client.authority.ask(as(budget), windowAt(budget.every, Date.now()).id, tokens);
  assert.ok(answer.granted);
  await client.authority.giveBack(answer.grant, tokens);
}

test('what passes a percentage is told once by Event, metric and webhook, over two replicas', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const receiver = await startReceiver(t);
  const replicas = [await world.operator(), await world.operator()] as const;
  await world.secret('hooks', { url: `${receiver.url}/b`, 'signing-key': SIGNING_KEY });
  await start(world, { alertAtPercent: [50, 80] }, [{ webhook: { secretRef: { name: 'hooks' } } }]);
  await world.condition('AIBudget', 'caps', 'ResolvedRefs', ({ status }) => status === 'True');
  await world.condition('AIBudget', 'caps', 'AlertsDelivered', ({ status }) => status === 'True');
  const sidecar = world.sidecar(await world.pod('app-1'), replicas[0]);

  await spend(sidecar, 600n);
  await eventually('the first post', () => receiver.posts.length === 1);
  await spend(sidecar, 250n);
  await eventually('the second post', () => receiver.posts.length === 2);
  await eventually('nothing waits', async () => (await world.status('AIBudget', 'caps')).deliveries === undefined);
  // Whoever leads next finds what was told.
  await replicas.find((operator) => operator.leads())?.close();
  const rest = await eventually('the other one leads', () => replicas.find((operator) => operator.leads()));
  await spend(world.sidecar(await world.pod('app-2'), rest), 100n);
  await eventually('the figures', async () => (await world.status('AIBudget', 'caps')).percent === '95%');

  assert.deepEqual(await notesOf(world), ['50', '80']);
  assert.ok(receiver.posts.every((post) => isSigned(post) && post.path === '/b'));
  const bodies = receiver.posts.map(({ body }) => JSON.parse(body).data);
  assert.deepEqual(
    bodies.map(({ percent, spent, amount, unit, budget }) => [percent, spent, amount, unit, budget]),
    [
      [50, '600', '1000', 'tokens', 'caps'],
      [80, '850', '1000', 'tokens', 'caps'],
    ],
  );
  const metrics = await (await fetch(`http://127.0.0.1:${rest.ports.health}/metrics`)).text();
  const labels = `{budget="${world.namespace}/caps",limit="all"}`;
  assert.ok(metrics.includes(`remora_operator_budget_used_ratio${labels} 0.95`), metrics);
});

test('an alert that was not taken is told of, outlives the operator, and is posted by the next one under the same id', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const receiver = await startReceiver(t);
  receiver.answerWith({ status: 503 });
  const first = await world.operator();
  await world.secret('hooks', { 'signing-key': SIGNING_KEY });
  await start(world, { alertAtPercent: [50] }, [{ webhook: { url: receiver.url, secretRef: { name: 'hooks' } } }]);
  await spend(world.sidecar(await world.pod('app-1'), first), 600n);
  const failed = await world.condition('AIBudget', 'caps', 'AlertsDelivered', ({ status }) => status === 'False');
  assert.match(failed.message, /^spec\.alerts\[0\]\.webhook has not taken an alert .*: the receiver answered 503$/);
  assert.equal(
    (await world.status('AIBudget', 'caps')).conditions?.find(({ type }) => type === 'Ready')?.status,
    'True',
  );
  await eventually('the Event', async () => (await eventsOf(world, 'DeliveryFailed')).length === 1);
  await first.close();

  await world.operator();
  await world.condition('AIBudget', 'caps', 'AlertsDelivered', ({ status }) => status === 'True');
  assert.equal(receiver.posts.length, 2);
  assert.equal(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size, 1);
  assert.deepEqual(await notesOf(world), ['50'], 'the Event is not told again');
});

test('of a limit per user the fullest is told of, once, by a digest and no name', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const receiver = await startReceiver(t);
  const operator = await world.operator();
  await world.secret('hooks', { 'signing-key': SIGNING_KEY });
  const alerts = [{ webhook: { url: receiver.url, secretRef: { name: 'hooks' } } }];
  await start(world, { per: ['user'], alertAtPercent: [50] }, alerts);
  const sidecar = world.sidecar(await world.pod('app-1'), operator);
  const ofUser = (user: string) => (budget: PolicyBudget) =>
    partitionOf(budget, attemptOf([], 1, { caller: callerOf(user) }));
  await spend(sidecar, 700n, ofUser('ann'));
  await eventually('the post', () => receiver.posts.length === 1);
  await spend(sidecar, 900n, ofUser('bob'));
  await eventually('the figures of bob', async () => (await world.status('AIBudget', 'caps')).percent === '90%');
  assert.equal(receiver.posts.length, 1);
  assert.match(JSON.parse(receiver.posts[0]?.body ?? '').data.fullest, /^[0-9a-f]{32}$/);
  assert.deepEqual(await notesOf(world), ['50']);
});

test('limits of an AIRoute, an AIProvider and an AIKey tell by Event and status, and post nothing that an AIBudget of their name would', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const receiver = await startReceiver(t);
  const operator = await world.operator();
  await world.secret('hooks', { 'signing-key': SIGNING_KEY });
  const limits = [{ name: 'own', tokens: 1_000, every: 'Month', alertAtPercent: [50] }];
  await world.apply('AIProvider', 'chat', { type: 'Mock', limits });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'chat/echo' }], limits });
  await world.apply('AIKey', 'chat', { limits });
  const alerts = [{ webhook: { url: receiver.url, secretRef: { name: 'hooks' } } }];
  await world.apply('AIBudget', 'chat', { limits, alerts });
  const sidecar = world.sidecar(await world.pod('app-1'), operator);
  const budgets = await eventually('four limits', () =>
    sidecar.sink.policy?.budgets.length === 4 ? sidecar.sink.policy.budgets : undefined,
  );
  const ofKind = (kind: NonNullable<PolicyBudget['kind']>) => (): PolicyBudget =>
    budgets.find((budget) => budget.kind === kind) ?? assert.fail(kind);
  await spend(sidecar, 600n, ofKind('AIRoute'));
  await spend(sidecar, 700n, ofKind('AIProvider'));
  await spend(sidecar, 800n, ofKind('AIKey'));
  await eventually('all Events', async () => (await eventsOf(world, 'BudgetThreshold')).length === 3);
  const events = await eventsOf(world, 'BudgetThreshold');
  assert.deepEqual(events.map(({ regarding }) => regarding.kind).sort(), ['AIKey', 'AIProvider', 'AIRoute']);
  for (const [kind, percent] of [
    ['AIRoute', 60],
    ['AIProvider', 70],
    ['AIKey', 80],
  ] as const) {
    const { limits: rows } = (await world.status(kind, 'chat')) as { limits?: readonly LimitStatus[] };
    const row = rows?.[0];
    assert.deepEqual([row?.percent, row?.alerted], [percent, [50]]);
  }
  assert.deepEqual(receiver.posts, []);
});
