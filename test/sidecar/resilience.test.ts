/** What a sidecar remembers of targets that fail, what that spares its clients, and how often it asks again. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import OpenAI, { InternalServerError } from 'openai';
import type { PolicyCircuitBreaker } from '#contract/policy/policy';
import type { BreakerChange } from '#sidecar/pipeline/health/circuit-breakers';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Fault, Script } from '#test/support/providers/script';
import { CHAT, chatBytes, post, STREAMED_CHAT } from './raw-http.ts';
import { type RouteWords, type RunningSidecar, startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

const BREAKER: PolicyCircuitBreaker = {
  consecutiveFailures: 5,
  errorPercent: 50,
  firstTokenP95Ms: null,
  openForMs: 60_000,
};
const DOWN: Script = { fault: { kind: 'status', status: 500 } };

interface World {
  readonly first: FakeProvider;
  readonly second: FakeProvider;
  readonly running: RunningSidecar;
  readonly changes: BreakerChange[];
  pass(ms: number): void;
  /** So many requests after each other; the status of each. */
  ask(times: number, body?: string): Promise<number[]>;
}

const both = (first: Partial<RouteWords['targets'][number]> = {}): RouteWords => ({
  targets: [
    { provider: 'first', circuitBreaker: BREAKER, ...first },
    { provider: 'second', circuitBreaker: BREAKER },
  ],
});
const alone = (first: Partial<RouteWords['targets'][number]> = {}): RouteWords => ({
  targets: [{ provider: 'first', circuitBreaker: BREAKER, ...first }],
});

async function world(t: TestContext, routes: readonly RouteWords[] = [both()]): Promise<World> {
  const [first, second] = [
    await startFakeProvider({ dialect: 'openai' }),
    await startFakeProvider({ dialect: 'openai' }),
  ];
  t.after(() => first.close());
  t.after(() => second.close());
  const changes: BreakerChange[] = [];
  let nowMs = 1_000_000;
  const running = await startSidecar(t, {
    policy: {
      providers: { first: { type: 'OpenAI', endpoint: first.url }, second: { type: 'OpenAI', endpoint: second.url } },
      routes,
    },
    deps: { monotonicMs: () => nowMs, onBreakerChange: (change) => void changes.push(change) },
  });
  const ask = async (times: number, body = CHAT): Promise<number[]> => {
    const statuses: number[] = [];
    for (let time = 0; time < times; time += 1) statuses.push((await post(running.url, body)).status);
    return statuses;
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { first, second, running, changes, pass, ask };
}

const all = (status: number, times: number): number[] => Array.from({ length: times }, () => status);

test('a target that failed five times in a row gets no request while another one is left, until one request finds it sound', async (t) => {
  const { first, second, running, changes, pass, ask } = await world(t);
  first.respondWith(DOWN);
  assert.deepEqual(await ask(20), all(200, 20));
  assert.equal(first.requests.length, 5);
  assert.equal(second.requests.length, 20);
  assert.equal(running.records.at(-1)?.attempts.length, 1, 'later requests lose no time on it');
  pass(60_000);
  assert.deepEqual(await ask(3), all(200, 3));
  assert.equal(first.requests.length, 6, 'one request tries it out');
  pass(120_000);
  first.respondWith({});
  assert.deepEqual(await ask(3), all(200, 3));
  assert.equal(first.requests.length, 9);
  assert.deepEqual(
    changes.map(({ state }) => state),
    ['open', 'half-open', 'open', 'half-open', 'closed'],
  );
  assert.deepEqual(changes[0], { provider: 'default/first', model: 'm', state: 'open', why: '5 failures in a row' });
});

test('of many requests at once a single one tries the target out', async (t) => {
  const { first, second, running, pass, ask } = await world(t);
  first.respondWith(DOWN);
  await ask(5);
  pass(60_000);
  const recovered = Promise.withResolvers<void>();
  first.respondWith({ holdHead: recovered.promise });
  const answers = Array.from({ length: 20 }, () => post(running.url, CHAT));
  await until(() => first.requests.length === 6 && second.requests.length === 24, 'the others went elsewhere');
  recovered.resolve();
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
  assert.equal(first.requests.length, 6);
});

test('where nothing else is left a target is asked whatever its breaker says: a possible answer is never refused', async (t) => {
  const { first, running, changes, ask } = await world(t, [alone()]);
  first.respondWith(DOWN);
  assert.deepEqual(await ask(10), all(500 + 2, 10));
  assert.equal(first.requests.length, 10);
  assert.equal(changes.at(-1)?.state, 'open');
  first.respondWith({});
  assert.deepEqual(await ask(2), all(200, 2));
  assert.equal(running.faults.length, 0);
});

test('when all targets fail they are asked in the order of the route, as if there were no breakers', async (t) => {
  const { first, second, ask } = await world(t);
  first.respondWith(DOWN);
  second.respondWith(DOWN);
  assert.deepEqual(await ask(10), all(502, 10));
  assert.equal(first.requests.length, 10);
  assert.equal(second.requests.length, 10);
});

test('routes share what they learn of a model, but not with one that has less patience', async (t) => {
  const patient = { ...both(), models: ['other'] };
  const hasty = { ...both({ timeouts: { firstTokenMs: 5_000 } }), models: ['hasty'] };
  const { first, ask } = await world(t, [both(), patient, hasty]);
  first.respondWith(DOWN);
  await ask(5);
  await ask(3, CHAT.replace('"chat"', '"other"'));
  assert.equal(first.requests.length, 5, 'the other route knows');
  await ask(1, CHAT.replace('"chat"', '"hasty"'));
  assert.equal(first.requests.length, 6);
});

const NO_OUTAGE: Readonly<Record<string, Fault>> = {
  'refuses the request': { kind: 'status', status: 400 },
  'filters the content': { kind: 'status', status: 400, code: 'content_filter' },
  'does not know the model': { kind: 'status', status: 404 },
};
for (const [what, fault] of Object.entries(NO_OUTAGE)) {
  test(`a provider that ${what} works: no breaker opens`, async (t) => {
    const { first, changes, ask } = await world(t);
    first.respondWith({ fault });
    await ask(12);
    assert.equal(first.requests.length, 12);
    assert.deepEqual(changes, []);
  });
}

test('a target that limits the rate is spared until the time that it states, and no breaker opens', async (t) => {
  const { first, second, changes, pass, ask } = await world(t);
  first.respondWith({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '30' } } });
  assert.deepEqual(await ask(12), all(200, 12));
  assert.deepEqual([first.requests.length, second.requests.length], [1, 12]);
  for (let seconds = 0; seconds < 10; seconds += 1) {
    pass(30_000);
    await ask(2);
  }
  assert.equal(first.requests.length, 11);
  assert.deepEqual(changes, []);
});

const OUTAGES: Readonly<Record<string, Fault>> = {
  'is overloaded': { kind: 'status', status: 529 },
  fails: { kind: 'status', status: 502 },
  'closes the connection': { kind: 'reset-before-head' },
  'answers HTML': { kind: 'html' },
  'answers half a JSON': { kind: 'half-json' },
  hangs: { kind: 'hang' },
};
for (const [what, fault] of Object.entries(OUTAGES)) {
  test(`a provider that ${what} is left alone after five failures`, async (t) => {
    const timeouts = fault.kind === 'hang' ? { timeouts: { firstTokenMs: 40 } } : {};
    const { first, changes, ask } = await world(t, [both(timeouts)]);
    first.respondWith({ fault });
    assert.deepEqual(await ask(8), all(200, 8));
    assert.equal(first.requests.length, 5);
    assert.equal(changes.at(-1)?.state, 'open');
  });
}

test('streams that break after their first content open the breaker by their share', async (t) => {
  const { first, changes, ask } = await world(t);
  first.respondWith({ text: 'one two three four', fault: { kind: 'cut', afterEvents: 3 } });
  await ask(12, STREAMED_CHAT);
  assert.equal(changes.at(-1)?.state, 'open');
  assert.match(changes.at(-1)?.why ?? '', /50 % or more of its attempts failed/);
  assert.ok(first.requests.length <= 11, `${first.requests.length}`);
});

test('clients that leave tell nothing of the target', async (t) => {
  const { first, running, changes } = await world(t);
  first.respondWith({ holdHead: new Promise<never>(() => {}) });
  for (let number = 1; number <= 6; number += 1) {
    const socket = connect(running.port, '127.0.0.1');
    socket.write(chatBytes(CHAT));
    await until(() => first.requests.length === number, 'the provider has the request');
    socket.destroy();
    await until(() => running.records.length === number, 'the request is recorded');
  }
  assert.deepEqual(changes, []);
});

test('a client that leaves while its request tries a target out leaves the trial to the next one', async (t) => {
  const { first, running, pass, ask } = await world(t);
  first.respondWith(DOWN);
  await ask(5);
  pass(60_000);
  first.respondOnce({ holdHead: new Promise<never>(() => {}) });
  const socket = connect(running.port, '127.0.0.1');
  socket.write(chatBytes(CHAT));
  await until(() => first.requests.length === 6, 'it tries');
  socket.destroy();
  await until(() => running.records.length === 6, 'it is over');
  await ask(1);
  assert.equal(first.requests.length, 7);
});

test('a target whose breaker opens is not retried while another one is left', async (t) => {
  const { first, running, ask } = await world(t, [both({ maxRetries: 5 })]);
  first.respondWith(DOWN);
  await ask(2);
  assert.equal(first.requests.length, 5);
  assert.deepEqual(
    running.records.flatMap(({ retriesDenied }) => retriesDenied),
    ['BudgetSpent', 'TargetUnfit'],
  );
});

test('retries stay within the budget of the route, and who gets none is told the real error', async (t) => {
  const { first, running, ask } = await world(t, [{ ...alone({ maxRetries: 1 }), retry: { budgetPercent: 10 } }]);
  first.respondWith(DOWN);
  assert.deepEqual(await ask(50), all(502, 50));
  assert.equal(first.requests.length, 50 + 5, 'three that are free in a second, and then 10 %');
  const denied = running.records.flatMap(({ retriesDenied }) => retriesDenied);
  assert.deepEqual(
    denied,
    Array.from({ length: 45 }, () => 'BudgetSpent'),
  );
  assert.equal(
    running.records.reduce((sum, { retries }) => sum + retries, 0),
    5,
  );
});

test('the next target is no retry: it is asked though the budget is spent', async (t) => {
  const words = { ...both({ maxRetries: 1, circuitBreaker: null }), retry: { budgetPercent: 0 } };
  const { first, second, ask } = await world(t, [words]);
  first.respondWith(DOWN);
  assert.deepEqual(await ask(20), all(200, 20));
  assert.equal(first.requests.length, 23);
  assert.equal(second.requests.length, 20);
});

test('a route says which failures are tried again', async (t) => {
  const words = { ...alone({ maxRetries: 1 }), retry: { on: ['BadResponse' as const] } };
  const { first, ask } = await world(t, [words]);
  first.respondWith(DOWN);
  await ask(1);
  assert.equal(first.requests.length, 1, 'ServerError is not among them');
  first.respondOnce({ fault: { kind: 'html' } });
  first.respondWith({});
  assert.deepEqual(await ask(1), [200]);
  assert.equal(first.requests.length, 3);
});

test('a provider that says by x-should-retry that asking again is of no use is not asked again', async (t) => {
  const { first, second, ask } = await world(t, [both({ maxRetries: 2 })]);
  first.respondWith({ fault: { kind: 'status', status: 500, headers: { 'x-should-retry': 'false' } } });
  assert.deepEqual(await ask(1), [200]);
  assert.deepEqual([first.requests.length, second.requests.length], [1, 1]);
});

test('what a client sends again by itself gets one attempt per target, and the record says how often it was sent', async (t) => {
  const { first, second, running } = await world(t, [both({ maxRetries: 2 })]);
  first.respondWith(DOWN);
  const headers = { 'content-type': 'application/json', 'x-stainless-retry-count': '1' };
  const answer = await fetch(`${running.url}/v1/chat/completions`, { method: 'POST', headers, body: CHAT });
  assert.equal(answer.status, 200);
  assert.deepEqual([first.requests.length, second.requests.length], [1, 1]);
  assert.equal(first.requests[0]?.headers['x-stainless-retry-count'], undefined, 'it is for us');
  await until(() => running.records.length === 1, 'it is recorded');
  assert.equal(running.records[0]?.clientRetry, 1);
  assert.deepEqual(running.records[0]?.retriesDenied, ['ClientRetries']);
});

test('the official SDK does not multiply the attempts of the sidecar', async (t) => {
  const { first, running } = await world(t, [alone({ maxRetries: 1 })]);
  first.respondWith({ fault: { kind: 'status', status: 503 } });
  const client = new OpenAI({ apiKey: 'placeholder', baseURL: `${running.url}/v1`, maxRetries: 2 });
  const messages = [{ role: 'user' as const, content: 'Say hello.' }];
  await assert.rejects(client.chat.completions.create({ model: 'chat', messages }), InternalServerError);
  assert.equal(first.requests.length, 2, 'ours, and none for each try of the client');
  assert.equal(running.records.length, 1);
});

test('a picture that may have been made and billed is not asked for again, one that was refused is', async (t) => {
  const { first, running } = await world(t, [alone({ maxRetries: 1 })]);
  const picture = { model: 'chat', prompt: 'a cat' };
  const ask = () =>
    fetch(`${running.url}/v1/images/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(picture),
    });
  first.respondWith({ fault: { kind: 'reset-before-head' } });
  assert.equal((await ask()).status, 502);
  assert.equal(first.requests.length, 1);
  first.respondWith({ fault: { kind: 'status', status: 503 } });
  assert.equal((await ask()).status, 503);
  assert.equal(first.requests.length, 3);
  await until(() => running.records.length === 2, 'both are recorded');
  assert.deepEqual(
    running.records.map(({ retriesDenied }) => retriesDenied),
    [['MayBeBilled'], []],
  );
});
