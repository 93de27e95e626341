/** Requests that wait for room in a limit, through the whole pipeline. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import type { PolicyWords } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import { type Asked, World } from './world.ts';

const ROUTES: Pick<PolicyWords, 'providers' | 'routes'> = {
  providers: { p: { type: 'OpenAI', endpoint: 'http://provider' } },
  routes: [{ targets: [{ provider: 'p', maxRetries: 0 }], totalMs: 600_000 }],
};
const PER_USER: Partial<PolicyBudget> = { per: ['user'], amount: '175' };

/** Enough for one of these requests at a time, which use 40 of the about 120 tokens that they may. */
const limitOf = (parts: Partial<PolicyBudget> = {}): PolicyBudget =>
  buildBudget('default/caps/waits', 150n, { every: 'Minute', onExceeded: 'Queue', queueForMs: 90_000, ...parts });

const isTold = ({ told }: Asked): boolean => told !== undefined;

const worldOf = (t: TestContext, limit: PolicyBudget, words: Partial<PolicyWords> = {}): World =>
  new World(t, { ...ROUTES, budgets: [limit], ...words });

test('a request that a limit has no room for begins with the next window', async (t) => {
  const world = worldOf(t, limitOf());
  const answers = [await world.ask().done, await world.ask().done].map(({ status }) => status);
  assert.deepEqual(answers, [200, 200]);
  await world.pass(20_000);
  const waiting = world.ask();
  await world.pass(39_000);
  assert.ok(!isTold(waiting));
  assert.match(await world.metrics.text(), /remora_limit_requests_waiting\{budget="default\/caps",limit="waits"\} 1/);
  await world.pass(1_000);
  assert.equal(waiting.told?.status, 200);
  const { queued } = world.records.at(-1) ?? {};
  assert.deepEqual(
    { ...queued, waitedMs: 0 },
    { priority: 'Normal', waitedMs: 0, waitedFor: 'limit:default/caps/waits' },
  );
  assert.ok(queued && queued.waitedMs >= 39_000, JSON.stringify(queued));
  assert.doesNotMatch(await world.metrics.text(), /remora_limit_requests_waiting\{/);
});

test('a request begins as soon as another one has given back what it did not use', async (t) => {
  const world = worldOf(t, limitOf());
  const { promise, resolve } = Promise.withResolvers<void>();
  world.held = promise;
  const [first, second] = [world.ask(), world.ask()];
  await world.settle();
  assert.equal(world.sent.length, 1, 'the second one waits');
  resolve();
  await world.settle();
  assert.deepEqual([first.told?.status, second.told?.status], [200, 200], 'no time has passed');
});

test('no room in time is a refusal that says how long it was waited for', async (t) => {
  const world = worldOf(t, limitOf({ queueForMs: 10_000 }));
  for (let count = 0; count < 2; count++) await world.ask().done;
  const late = world.ask();
  await world.pass(10_100);
  assert.equal(late.told?.status, 429);
  assert.match(late.told.text, /wait until 2026-11-21T12:01:00Z.* It waited 10\d\d\d ms for room and found none\./);
  assert.equal(late.told.headers['retry-after'], '50');
  assert.equal(world.records.at(-1)?.queued?.refused, 'late');
  assert.equal(world.gate.lines?.isEmpty, true);
  assert.equal(world.sent.length, 2);
});

test('the deadline of a request comes before that of the queue, and is told as what it waited for', async (t) => {
  const routes = [{ targets: [{ provider: 'p' }], totalMs: 5_000 }];
  const world = worldOf(t, limitOf(), { routes });
  for (let count = 0; count < 2; count++) await world.ask().done;
  const late = world.ask();
  await world.pass(5_000);
  assert.equal(late.told?.status, 429);
  assert.match(late.told.text, /found none/);
});

test('what no window has room for is refused at once', async (t) => {
  const world = worldOf(t, limitOf());
  const { status } = await world.ask({ maxTokens: 1_000 }).done;
  assert.equal(status, 429);
});

test('a full queue refuses, each partition for itself', async (t) => {
  const config = { ...DEFAULT_SIDECAR_CONFIG, limitQueue: { most: 2 } };
  const world = new World(t, { ...ROUTES, budgets: [limitOf(PER_USER)] }, config);
  for (const user of ['ann', 'ann', 'bob', 'bob']) await world.ask({ user }).done;
  const waiting = [world.ask({ user: 'ann' }), world.ask({ user: 'ann' }), world.ask({ user: 'bob' })];
  await world.settle();
  const refused = await world.ask({ user: 'ann' }).done;
  assert.equal(refused.status, 429);
  assert.match(refused.text, /2 requests of this pod wait for it already/);
  assert.equal(world.records.at(-1)?.queued?.refused, 'full');
  await world.pass(61_000);
  assert.deepEqual(
    waiting.map(({ told }) => told?.status),
    [200, 200, 200],
  );
});

test('who leaves is in nobody’s way, and takes no place', async (t) => {
  const world = worldOf(t, limitOf());
  for (let count = 0; count < 2; count++) await world.ask().done;
  const [gone, next] = [world.ask(), world.ask()];
  await world.settle();
  gone.leave();
  await gone.done;
  assert.equal(world.records.at(-1)?.outcome, 'client_closed');
  await world.pass(61_000);
  assert.equal(next.told?.status, 200);
  assert.equal(world.sent.length, 3);
});

test('who waits for a limit holds no place of a provider that others could have', async (t) => {
  const limited = { p: { type: 'OpenAI' as const, endpoint: 'http://p', limits: [{ concurrency: 1 }] } };
  const world = worldOf(t, limitOf(PER_USER), { providers: limited });
  for (const user of ['ann', 'ann']) await world.ask({ user }).done;
  const waiting = world.ask({ user: 'ann' });
  await world.settle();
  assert.equal((await world.ask({ user: 'bob' }).done).status, 200);
  assert.ok(!isTold(waiting));
  await world.pass(61_000);
  assert.equal(waiting.told?.status, 200);
});

test('those who wait begin in the order in which they came', async (t) => {
  const world = worldOf(t, limitOf({ queueForMs: 200_000 }));
  for (let count = 0; count < 2; count++) await world.ask().done;
  const asked = ['one', 'two', 'three', 'four'].map((text) => world.ask({ text }));
  await world.pass(61_000);
  await world.pass(61_000);
  const order = world.sent.slice(2).map(({ text }) => /one|two|three|four/.exec(text)?.[0]);
  assert.deepEqual(order, ['one', 'two', 'three', 'four']);
  assert.deepEqual(new Set(asked.map(({ told }) => told?.status)), new Set([200]));
});

test('a hedged request that leaves the line before it began leaves nobody behind it', async (t) => {
  const providers = { ...ROUTES.providers, q: { type: 'OpenAI' as const, endpoint: 'http://other' } };
  const targets = [{ provider: 'p' }, { provider: 'q' }];
  const routes = [{ targets, totalMs: 600_000, hedge: { afterMs: 50, maxPercent: 100 } }];
  const world = worldOf(t, limitOf(), { providers, routes });
  for (let count = 0; count < 2; count++) await world.ask().done;
  const gone = world.ask();
  await world.pass(5_000);
  assert.equal(world.gate.lines?.isEmpty, false);
  gone.leave();
  await gone.done;
  assert.equal(world.gate.lines?.isEmpty, true);
  assert.equal(world.sent.length, 2);
});

test('a copy for a Shadow variant does not wait, and takes nobody’s turn', async (t) => {
  const variants = [{ name: 'trial', percent: 100, mode: 'Shadow' as const, target: { provider: 'p', model: 'new' } }];
  const routes = [{ targets: [{ provider: 'p' }], variants }];
  const world = worldOf(t, limitOf({ shadows: 'Only', amount: '100' }), { routes });
  for (let count = 0; count < 3; count++) assert.equal((await world.ask().done).status, 200);
  await world.settle();
  const copies = world.records.filter(({ shadow }) => shadow).map(({ outcome, queued }) => [outcome, queued]);
  assert.deepEqual(copies.at(-1), ['rate_limit_exceeded', undefined]);
  assert.equal(world.gate.lines?.isEmpty, true);
});
