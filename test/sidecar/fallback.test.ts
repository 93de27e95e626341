/** The first target fails in every way a provider can: the client sees the next target's answer. */
import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Fault } from '#test/support/providers/script';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { type RunningSidecar, startSidecar, type TargetWords } from './start-sidecar.ts';

interface Pair {
  readonly first: FakeProvider;
  readonly second: FakeProvider;
  readonly running: RunningSidecar;
}

type TestContext = Parameters<typeof startSidecar>[0];

async function startPair(t: TestContext, firstTarget: Partial<TargetWords> = {}): Promise<Pair> {
  const first = await startFakeProvider({ dialect: 'openai' });
  const second = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => first.close());
  t.after(() => second.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        first: { type: 'OpenAI', endpoint: first.url, credential: 'first' },
        second: { type: 'Anthropic', endpoint: second.url, credential: 'second' },
      },
      routes: [{ targets: [{ provider: 'first', ...firstTarget }], fallbacks: [{ provider: 'second' }] }],
    },
    credentials: { first: 'key-1', second: 'key-2' },
  });
  return { first, second, running };
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'answers 500': { kind: 'status', status: 500 },
  'answers 503': { kind: 'status', status: 503 },
  'answers 529': { kind: 'status', status: 529 },
  'answers 429 without a hint': { kind: 'status', status: 429 },
  'answers 429 with a long hint': { kind: 'status', status: 429, headers: { 'retry-after': '30' } },
  'has no quota left': { kind: 'status', status: 429, code: 'insufficient_quota', type: 'insufficient_quota' },
  'refuses the credential': { kind: 'status', status: 401 },
  'forbids the model': { kind: 'status', status: 403 },
  'resets before the head': { kind: 'reset-before-head' },
  'resets after the head': { kind: 'reset-after-head' },
  'hangs until the first-token timeout': { kind: 'hang' },
  'answers HTML with 200': { kind: 'html' },
  'answers half a JSON with 200': { kind: 'half-json' },
};

for (const [name, fault] of Object.entries(FAULTS)) {
  for (const [form, body] of [
    ['plain', CHAT],
    ['streamed', STREAMED_CHAT],
  ] as const) {
    test(`a ${form} request is answered by the next target when the first ${name}`, async (t) => {
      const hangs = fault.kind === 'hang';
      const { first, second, running } = await startPair(t, hangs ? { timeouts: { firstTokenMs: 150 } } : {});
      first.respondWith({ fault });
      const answer = await post(running.url, body);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('x-remora-target'), 'second/m');
      assert.equal(answer.headers.get('x-remora-attempts'), '2');
      const sent = answer.text.replace(/"delta":\{[^}]*?"content":"([^"]*)"/g, '$1');
      assert.ok(form === 'plain' ? answer.text.includes('Hello from anthropic.') : sent.includes('anthropic'));
      assert.equal(first.requests.length, 1);
      assert.equal(second.requests.length, 1);
      assert.equal(running.records[0]?.outcome, 'ok');
      assert.equal(running.records[0]?.attempts.length, 2);
    });
  }
}

test('a stream whose provider reports an error before the first content event is answered by the next target', async (t) => {
  const { first, running } = await startPair(t);
  first.respondWith({ fault: { kind: 'error-in-stream', afterEvents: 1 } });
  const answer = await post(running.url, STREAMED_CHAT);
  assert.equal(answer.headers.get('x-remora-target'), 'second/m');
  assert.ok(answer.text.endsWith('data: [DONE]\n\n'));
});

test('a target that does not connect is followed by the next one', async (t) => {
  const { second } = await startPair(t);
  const other = await startSidecar(t, {
    policy: {
      providers: {
        // Nobody listens there, and nobody else is given it as a free port.
        gone: { type: 'OpenAI', endpoint: 'http://127.0.0.1:1/v1' },
        second: { type: 'Anthropic', endpoint: second.url },
      },
      routes: [{ targets: [{ provider: 'gone' }, { provider: 'second' }] }],
    },
  });
  assert.equal((await post(other.url, CHAT)).status, 200);
  assert.deepEqual(
    other.records[0]?.attempts.map(({ outcome }) => outcome),
    ['connect', 'ok'],
  );
  assert.equal(other.gate.settled[0]?.billing, 'nothing');
  assert.equal(other.faults.length, 0);
});

test('a target gets as many further attempts as it states before the next one is used', async (t) => {
  const { first, second, running } = await startPair(t, { maxRetries: 2 });
  first.respondWith({ fault: { kind: 'status', status: 500 } });
  assert.equal((await post(running.url, CHAT)).status, 200);
  assert.equal(first.requests.length, 3);
  assert.equal(second.requests.length, 1);
});

test('a rate limit with a short hint is waited for on the same target', async (t) => {
  const { first, second, running } = await startPair(t, { maxRetries: 1 });
  first.respondOnce({ fault: { kind: 'status', status: 429, headers: { 'retry-after-ms': '20' } } });
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'first/m');
  assert.equal(first.requests.length, 2);
  assert.equal(second.requests.length, 0);
});

test('a target whose credential was refused gets no request until its credential changes', async (t) => {
  const { first, running } = await startPair(t);
  first.respondOnce({ fault: { kind: 'status', status: 401 } });
  await post(running.url, CHAT);
  await post(running.url, CHAT);
  assert.equal(first.requests.length, 1);
  running.sidecar.sink.applyCredentials(
    new Map([
      ['first', 'key-new'],
      ['second', 'key-2'],
    ]),
  );
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'first/m');
  assert.equal(first.requests[1]?.headers.authorization, 'Bearer key-new');
});

test('refused credentials of every target are 502 that names the provider, never 401', async (t) => {
  const { first, second, running } = await startPair(t);
  first.respondWith({ fault: { kind: 'status', status: 401 } });
  second.respondWith({ fault: { kind: 'status', status: 403 } });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.status, 502);
  assert.equal(answer.json().error.remora.code, 'upstream_auth');
  assert.match(answer.json().error.message, /AIProvider default\/second/);
  assert.equal(answer.headers.get('x-should-retry'), 'false');
});

test('a rate limit that nobody else could serve tells the client when to come back, and not to retry by itself', async (t) => {
  const { first, second, running } = await startPair(t);
  first.respondWith({ fault: { kind: 'status', status: 401 } });
  second.respondWith({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '7' } } });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get('retry-after'), '7');
  assert.equal(answer.headers.get('x-should-retry'), 'false');
  assert.equal(answer.json().error.remora.attempts.length, 2);
});

test('a request that the provider refuses as invalid is returned at once, in the words of the provider', async (t) => {
  const { first, second, running } = await startPair(t, { maxRetries: 2 });
  first.respondWith({ fault: { kind: 'status', status: 422, message: 'temperature is too hot' } });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.status, 422);
  assert.equal(answer.json().error.remora.code, 'upstream_rejected');
  assert.match(answer.json().error.message, /temperature is too hot/);
  assert.equal(first.requests.length, 1);
  assert.equal(second.requests.length, 0);
});

test('all attempts together end at the total deadline', async (t) => {
  const hanging = await startFakeProvider({ dialect: 'openai' });
  t.after(() => hanging.close());
  hanging.respondWith({ fault: { kind: 'hang' } });
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: hanging.url } },
      routes: [{ totalMs: 200, targets: [{ provider: 'p', maxRetries: 5 }] }],
    },
  });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.status, 504);
  assert.equal(answer.json().error.remora.code, 'upstream_timeout');
  assert.equal(running.gate.settled[0]?.billing, 'unknown');
});

test('500 requests with a failing first target are all answered', async (t) => {
  const { first, running } = await startPair(t);
  const faults = Object.values(FAULTS).filter(({ kind }) => kind !== 'hang');
  let number = 0;
  first.respondWith(() => {
    const fault = faults[number++ % faults.length];
    return fault === undefined ? {} : { fault };
  });
  const statuses: number[] = [];
  const worker = async (): Promise<void> => {
    while (statuses.length < 500) {
      statuses.push(0);
      const index = statuses.length - 1;
      const answer = await post(running.url, index % 3 === 0 ? STREAMED_CHAT : CHAT);
      statuses[index] = answer.text.includes('"error"') ? 599 : answer.status;
      // A parked first target would hide the other faults.
      running.sidecar.sink.applyCredentials(
        new Map([
          ['first', `key-${index}`],
          ['second', 'key-2'],
        ]),
      );
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    [],
  );
  // Its refusals for rate bound how many it is asked at one time.
  assert.ok(first.requests.length > 100, `the first target was asked ${first.requests.length} times only`);
});

test('a target that failed in the middle of its stream is let go at once, before the next one has answered', async (t) => {
  const second = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => second.close());
  const left = Promise.withResolvers<void>();
  const failing = createHttpServer((request, response) => {
    request.resume();
    response.on('close', () => left.resolve());
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    // And then nothing more: only the caller can end this.
    response.write('data: {"error":{"message":"out of memory","type":"server_error"}}\n\n');
  });
  await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => failing.close(() => resolve())));
  t.after(async () => failing.closeAllConnections());
  second.respondWith({ holdHead: left.promise });
  const { port } = failing.address() as AddressInfo;
  const running = await startSidecar(t, {
    policy: {
      providers: {
        first: { type: 'OpenAI', endpoint: `http://127.0.0.1:${port}` },
        second: { type: 'Anthropic', endpoint: second.url },
      },
      routes: [{ targets: [{ provider: 'first' }], fallbacks: [{ provider: 'second' }] }],
    },
  });
  const answer = await post(running.url, STREAMED_CHAT);
  assert.deepEqual([answer.status, answer.headers.get('x-remora-target')], [200, 'second/m']);
});
