/** A provider that takes so many at one time: another target, a turn in line, or word when to come again; and never one attempt too many. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { PolicyProvider } from '#contract/policy/policy';
import type { BudgetGate } from '#sidecar/budget/budget-gate';
import { type FakeRequest, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { TestClock } from '#test/treasury/clock';
import { CHAT, chatBytes, post, STREAMED_CHAT } from './raw-http.ts';
import { type RouteWords, type StartOptions, startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

interface Held {
  readonly model: unknown;
  readonly release: () => void;
}

/** Answers nobody before it is told to. */
async function slowProvider(t: TestContext) {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const held: Held[] = [];
  provider.respondWith(({ body }: FakeRequest): Script => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held.push({ model: body?.model, release: resolve });
    return body?.stream === true ? { hold: { afterEvents: 2, until: promise } } : { holdHead: promise };
  });
  const reached = async (count: number): Promise<Held> => {
    await until(() => held.length >= count, `the provider has ${count}`);
    const last = held[count - 1];
    assert.ok(last);
    return last;
  };
  return { provider, held, reached };
}

const ONE: PolicyProvider['limits'] = [{ concurrency: 1 }];
const PATIENT: RouteWords['concurrency'] = { perPod: { max: 100, queue: 0, deadlineMs: 60_000 } };
const IMPATIENT: RouteWords['concurrency'] = { perPod: { max: 100, queue: 0, deadlineMs: 50 } };

/** A slow provider `first` for one at a time, and a quick one, `second`. */
async function stage(
  t: TestContext,
  route: Partial<RouteWords> = {},
  deps: StartOptions['deps'] = {},
  limits: typeof ONE | null = ONE,
) {
  const slow = await slowProvider(t);
  const second = await startFakeProvider({ dialect: 'openai' });
  t.after(() => second.close());
  const running = await startSidecar(t, {
    deps,
    policy: {
      providers: {
        first: { type: 'OpenAI', endpoint: slow.provider.url, ...(limits && { limits }) },
        second: { type: 'OpenAI', endpoint: second.url },
      },
      routes: [{ targets: [{ provider: 'first' }], concurrency: PATIENT, ...route }],
    },
  });
  const waiting = (): number => running.sidecar.shared.gateOf('provider:default/first').waitingInAll;
  return {
    ...{ ...slow, second, running },
    ask: (priority = 'normal') => post(running.url, CHAT, { 'x-remora-priority': priority }),
    untilWaiting: (count: number) => until(() => waiting() === count, `${count} wait`),
  };
}

test('what is over the limit of a provider waits by class and is answered, and nobody is asked too early', async (t) => {
  const { held, reached, ask, untilWaiting, running } = await stage(t);
  const answers = [ask()];
  await reached(1);
  answers.push(ask('low'));
  await untilWaiting(1);
  answers.push(ask('high'));
  await untilWaiting(2);
  assert.equal(held.length, 1);
  assert.equal(running.gate.reserved.length, 1, 'who waits reserves no money');
  for (let count = 1; count <= 3; count += 1) {
    (await reached(count)).release();
    await until(() => running.records.length === count, 'it is recorded');
  }
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
  assert.deepEqual(
    running.records.map(({ queued }) => [queued?.priority, queued?.waitedFor]),
    [
      ['Normal', undefined],
      ['High', 'provider:default/first'],
      ['Low', 'provider:default/first'],
    ],
  );
});

test('a target without room is passed over at once for one that has some, and nothing is held against it', async (t) => {
  const targets = [{ provider: 'first' }, { provider: 'second' }];
  const { reached, ask, running, second, held } = await stage(t, { targets });
  const answer = ask();
  await reached(1);
  for (let count = 0; count < 3; count += 1) assert.equal((await ask()).status, 200);
  assert.deepEqual([held.length, second.requests.length], [1, 3]);
  const [record] = running.records;
  assert.equal(record?.answeredBy, 'second/m');
  assert.deepEqual([record?.attempts.length, record?.retries], [1, 0]);
  assert.deepEqual(running.sidecar.unfit(), [], 'others are not told that it fails');
  (await reached(1)).release();
  assert.equal((await answer).headers.get('x-remora-target'), 'first/m');
  const next = ask();
  (await reached(2)).release();
  assert.equal((await next).headers.get('x-remora-target'), 'first/m');
});

test('a full target is waited for when the others fail', async (t) => {
  const targets = [{ provider: 'first' }, { provider: 'second', maxRetries: 0 }];
  const { reached, ask, second, untilWaiting } = await stage(t, { targets });
  second.respondWith({ fault: { kind: 'status', status: 500 } });
  const answers = [ask()];
  const first = await reached(1);
  answers.push(ask());
  await untilWaiting(1);
  first.release();
  (await reached(2)).release();
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
  assert.equal(second.requests.length, 1);
});

test('who has no turn in time is told when to come again and which AIProvider it waited for, in its own dialect', async (t) => {
  const { reached, ask, running, held } = await stage(t, { concurrency: IMPATIENT });
  const answer = ask();
  const first = await reached(1);
  const late = await ask('low');
  assert.equal(late.status, 503);
  assert.equal(late.headers.get('retry-after'), '1');
  assert.equal(late.headers.get('x-should-retry'), 'true');
  const { error } = late.json();
  assert.equal(error.code, 'overloaded');
  assert.equal(error.remora.object, 'AIProvider default/first');
  assert.match(
    error.message,
    /^AIProvider default\/first takes no more for now: .* Retry after a second, add a fallback/,
  );
  const body = JSON.stringify({ model: 'chat', max_tokens: 9, messages: [{ role: 'user', content: 'Hi.' }] });
  const other = await post(running.url, body, {}, '/v1/messages');
  assert.deepEqual([other.status, other.json().type], [503, 'error']);
  assert.match(other.json().error.message, /^AIProvider default\/first takes no more/);
  await until(() => running.records.length === 2, 'they are recorded');
  assert.deepEqual(
    running.records.map(({ outcome, queued, attempts }) => [outcome, queued?.refused, attempts.length]),
    [
      ['overloaded', 'late', 0],
      ['overloaded', 'late', 0],
    ],
  );
  first.release();
  assert.equal((await answer).status, 200);
  assert.equal(held.length, 1);
});

test('the end of the whole request leaves time to say what was waited for', async (t) => {
  const { reached, ask } = await stage(t, { totalMs: 400, concurrency: undefined });
  const answer = ask();
  await reached(1);
  const late = await ask();
  assert.deepEqual([late.status, late.json().error.remora.object], [503, 'AIProvider default/first']);
  assert.equal((await answer).status, 504);
});

test('a stream has its place until it ends, and one whose client leaves gives it up at once', async (t) => {
  const { reached, ask, running, held, untilWaiting } = await stage(t);
  const socket = connect(running.port, '127.0.0.1');
  socket.write(chatBytes(STREAMED_CHAT));
  await new Promise((resolve) => socket.once('data', resolve));
  const answer = ask();
  await untilWaiting(1);
  assert.equal(held.length, 1);
  socket.destroy();
  (await reached(2)).release();
  assert.equal((await answer).status, 200);
});

test('who leaves while it waits leaves the line', async (t) => {
  const { reached, ask, running, held, untilWaiting } = await stage(t);
  const answer = ask();
  const first = await reached(1);
  const socket = connect(running.port, '127.0.0.1');
  socket.write(chatBytes(CHAT));
  await untilWaiting(1);
  socket.destroy();
  await untilWaiting(0);
  first.release();
  assert.equal((await answer).status, 200);
  assert.equal(held.length, 1);
});

test('an attempt that a budget refuses gives its place back', async (t) => {
  const refusing: BudgetGate = { reserve: () => Promise.reject(new Error('no book')) };
  const { ask, running } = await stage(t, {}, { budgetGate: refusing });
  for (let count = 0; count < 3; count += 1) assert.equal((await ask()).status, 500);
  assert.equal(running.sidecar.shared.gateOf('provider:default/first').runningInAll, 0);
});

test('a model with a limit of its own waits for itself alone, also where the asked name is passed on', async (t) => {
  const route = { models: ['big', 'small'], targets: [{ provider: 'first', model: '*' }] };
  const { reached, running, held } = await stage(t, route, {}, [{ model: 'big', concurrency: 1 }]);
  const askFor = (model: string) => post(running.url, JSON.stringify({ ...JSON.parse(CHAT), model }));
  const answers = [askFor('big')];
  await reached(1);
  answers.push(askFor('big'));
  const gate = running.sidecar.shared.gateOf('provider:default/first/big');
  await until(() => gate.waitingInAll === 1, 'the second waits');
  answers.push(askFor('small'));
  await reached(2);
  assert.deepEqual(
    held.map(({ model }) => model),
    ['big', 'small'],
  );
  for (let count = 1; count <= 3; count += 1) (await reached(count)).release();
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
});

test('a quota that an answer tells to be used up is asked for again only when it is there, without one refusal', async (t) => {
  const clock = new TestClock(0);
  const { ask, provider, running } = await stage(t, {}, { timers: clock, monotonicMs: clock.now }, null);
  const usedUp = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '800ms' };
  provider.respondWith({ headers: usedUp });
  assert.equal((await ask()).status, 200);
  const gate = running.sidecar.shared.gateOf('provider:default/first/m');
  const next = ask();
  await until(() => gate.waitingInAll === 1, 'the next one waits');
  clock.advance(799);
  assert.equal(gate.waitingInAll, 1);
  provider.respondWith({ headers: { ...usedUp, 'x-ratelimit-remaining-requests': '7' } });
  clock.advance(1);
  assert.equal((await next).status, 200);
  assert.equal((await ask()).status, 200);
  assert.deepEqual(
    running.records.flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome)),
    ['ok', 'ok', 'ok'],
  );
});

test('refusals for rate bound how many are asked at one time, where nobody stated a limit', async (t) => {
  const { ask, provider, held, reached, running } = await stage(
    t,
    {
      targets: [{ provider: 'first', maxRetries: 0 }],
    },
    {},
    null,
  );
  const gate = running.sidecar.shared.gateOf('provider:default/first/m');
  const answers = Array.from({ length: 10 }, () => ask());
  await reached(10);
  provider.respondOnce({ fault: { kind: 'status', status: 429 } });
  assert.equal((await ask()).status, 429);
  assert.equal(gate.max, Math.floor(11 * 0.7));
  for (const { release } of held) release();
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
});

test('a pod beside others has one request at a time through a route for all, until it is told more, and keeps what it was told', async (t) => {
  let nowMs = 0;
  const fleet = { max: 50, queue: 10, deadlineMs: 60_000 };
  const { reached, ask, held, running } = await stage(
    t,
    { concurrency: { fleet } },
    { sharesWithOthers: true, monotonicMs: () => nowMs },
    null,
  );
  const { shared } = running.sidecar;
  const key = 'route:default/route-0';
  const news = Promise.withResolvers<void>();
  shared.onNews = news.resolve;
  const answers = [ask(), ask(), ask()];
  await reached(1);
  await news.promise;
  await until(() => shared.gateOf(key).waitingInAll === 2, 'two wait');
  assert.deepEqual(
    shared.demands().find((demand) => demand.key === key),
    {
      ...{ key, throttled: 0, units: 1 },
      running: { High: 0, Normal: 1, Low: 0 },
      waiting: { High: 0, Normal: 2, Low: 0 },
    },
  );
  shared.tell([{ key, units: 2 }], 30_000);
  await reached(2);
  nowMs = 3_600_000;
  held[0]?.release();
  await reached(3);
  assert.equal(shared.gateOf(key).max, 2, 'an hour without word of the operator');
  for (const { release } of held) release();
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
});
