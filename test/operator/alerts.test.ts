/** Alerts over a real API server: told once over replicas and restarts, and posted until they are taken. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { LimitStatus } from '#contract/resources/limit-status';
import { isSigned, SIGNING_KEY, startReceiver } from '#test/sidecar/callback/stage';
import { attemptOf, callerOf } from '#test/treasury/budgets';
import { windowAt } from '#treasury/window';
import { eventually } from './eventually.ts';
import { type RunningOperator, type TestSidecar, World } from './world.ts';

/** A world with one replica, a receiver, and a Secret `hooks` by which posts to it are signed; undefined where no API server can run. */
async function open(t: TestContext) {
  const world = await World.open(t);
  if (!world) return undefined;
  const receiver = await startReceiver(t);
  const operator = await world.operator();
  await world.secret('hooks', { 'signing-key': SIGNING_KEY });
  const to = (path = '', name = 'hooks') => [{ webhook: { url: receiver.url + path, secretRef: { name } } }];
  return { world, receiver, operator, to };
}

const notesOf = async (world: World): Promise<(string | undefined)[]> =>
  (await world.events('BudgetThreshold')).map(({ note }) => /: (\d+)% is passed/.exec(note)?.[1]).sort();

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
  const opened = await open(t);
  if (!opened) return;
  const { world, receiver, operator } = opened;
  const replicas = [operator, await world.operator()] as const;
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
    bodies.map(({ percent, spent, amount, unit, budget, kind }) => [percent, spent, amount, unit, budget, kind]),
    [
      [50, '600', '1000', 'tokens', 'caps', 'AIBudget'],
      [80, '850', '1000', 'tokens', 'caps', 'AIBudget'],
    ],
  );
  const metrics = await (await fetch(`http://127.0.0.1:${rest.ports.health}/metrics`)).text();
  const labels = `{budget="${world.namespace}/caps",limit="all"}`;
  assert.ok(metrics.includes(`remora_operator_budget_used_ratio${labels} 0.95`), metrics);
});

test('an alert that was not taken is told of, outlives the operator, and is posted by the next one under the same id', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  const { world, receiver, operator: first, to } = opened;
  receiver.answerWith({ status: 503 });
  await start(world, { alertAtPercent: [50] }, to());
  await spend(world.sidecar(await world.pod('app-1'), first), 600n);
  const failed = await world.condition('AIBudget', 'caps', 'AlertsDelivered', ({ status }) => status === 'False');
  assert.match(failed.message, /^spec\.alerts\[0\]\.webhook has not taken an alert .*: the receiver answered 503$/);
  assert.equal(
    (await world.status('AIBudget', 'caps')).conditions?.find(({ type }) => type === 'Ready')?.status,
    'True',
  );
  await eventually('the Event', async () => (await world.events('DeliveryFailed')).length === 1);
  await first.close();

  await world.operator();
  await world.condition('AIBudget', 'caps', 'AlertsDelivered', ({ status }) => status === 'True');
  assert.equal(receiver.posts.length, 2);
  assert.equal(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size, 1);
  assert.deepEqual(await notesOf(world), ['50'], 'the Event is not told again');
});

test('of a limit per user the fullest is told of, once, by a digest and no name', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  const { world, receiver, operator, to } = opened;
  await start(world, { per: ['user'], alertAtPercent: [50] }, to());
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

test('limits of an AIRoute, an AIProvider and an AIKey are posted, too, each to the webhooks of its own object', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  const { world, receiver, operator: first, to } = opened;
  receiver.answerWith({ status: 503 });
  const limits = [{ name: 'own', tokens: 1_000, every: 'Month', alertAtPercent: [50] }];
  await world.apply('AIProvider', 'chat', { type: 'Mock', limits, alerts: to('/provider', 'later') });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'chat/echo' }], limits, alerts: to('/route') });
  await world.apply('AIKey', 'chat', { limits, alerts: to('/key', 'later') });
  // Of their name, and untouched.
  await world.apply('AIBudget', 'chat', { limits, alerts: to('/budget') });
  const pod = await world.pod('app-1');
  const connected = async (operator: RunningOperator) => {
    const sidecar = world.sidecar(pod, operator);
    const budgets = await eventually('four limits', () =>
      sidecar.sink.policy?.budgets.length === 4 ? sidecar.sink.policy.budgets : undefined,
    );
    return { sidecar, of: (kind: string) => () => budgets.find((budget) => budget.kind === kind) ?? assert.fail(kind) };
  };
  const before = await connected(first);
  await spend(before.sidecar, 600n, before.of('AIRoute'));
  const failed = await world.condition('AIRoute', 'chat', 'AlertsDelivered', ({ status }) => status === 'False');
  assert.match(failed.message, /^spec\.alerts\[0\]\.webhook .*: the receiver answered 503$/);
  const lacking = await world.condition('AIProvider', 'chat', 'ResolvedRefs', ({ status }) => status === 'False');
  assert.match(
    lacking.message,
    /^Alerts are not posted .* Secret \S+\/later not found; create it: kubectl create secret/,
  );
  await spend(before.sidecar, 700n, before.of('AIProvider'));
  await spend(before.sidecar, 800n, before.of('AIKey'));
  for (const kind of ['AIProvider', 'AIKey'])
    await eventually('what waits', async () => (await waitingOf(world, kind)).length === 1);
  await before.sidecar.client.close();
  await first.close();

  await world.operator();
  await world.condition('AIRoute', 'chat', 'AlertsDelivered', ({ status }) => status === 'True');
  await world.secret('later', { 'signing-key': SIGNING_KEY });
  for (const kind of ['AIProvider', 'AIKey']) {
    await world.condition(kind, 'chat', 'ResolvedRefs', ({ status }) => status === 'True');
    await world.condition(kind, 'chat', 'AlertsDelivered', ({ status }) => status === 'True');
    assert.deepEqual(await waitingOf(world, kind), []);
  }
  assert.deepEqual(await waitingOf(world, 'AIRoute'), []);
  assert.deepEqual(receiver.posts.map(({ path, body }) => [path, ...told(JSON.parse(body))]).sort(), [
    ['/key', 'AIKey', world.namespace, 'chat', 'own', 50, '800', false],
    ['/provider', 'AIProvider', world.namespace, 'chat', 'own', 50, '700', false],
    ['/route', 'AIRoute', world.namespace, 'chat', 'own', 50, '600', false],
    ['/route', 'AIRoute', world.namespace, 'chat', 'own', 50, '600', false],
  ]);
  assert.ok(receiver.posts.every((post) => isSigned(post)));
  assert.equal(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size, 3);
  const events = await world.events('BudgetThreshold');
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
});

const waitingOf = async (world: World, kind: string): Promise<readonly unknown[]> =>
  ((await world.status(kind, 'chat')).deliveries ?? []) as readonly unknown[];

/** Whether the name is told as that of an AIBudget comes last. */
const told = ({ data }: { readonly data: Readonly<Record<string, unknown>> }) => [
  ...[data.kind, data.namespace, data.name, data.limit, data.percent, data.spent, 'budget' in data],
];
