/** Many requests of one route at once: so many are under way, the rest waits in turn or is told to come again. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { PolicyConcurrency } from '#contract/policy/policy';
import { createSidecarMetrics } from '#sidecar/telemetry/metrics';
import { type FakeRequest, startFakeProvider } from '#test/support/providers/fake-provider';
import { CHAT, chatBytes, post, STREAMED_CHAT } from './raw-http.ts';
import { type RouteWords, startSidecar, until } from './start-sidecar.ts';

const PATIENT: PolicyConcurrency = { max: 1, queue: 10, deadlineMs: 60_000 };

/** A provider that answers nobody before it is told to, and a sidecar with one route to it. */
async function stage(
  t: Parameters<typeof startSidecar>[0],
  perPod: PolicyConcurrency,
  route: Partial<RouteWords> = {},
) {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const held: { user: string; release: () => void }[] = [];
  provider.respondWith((request: FakeRequest) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held.push({ user: String(request.body?.user), release: resolve });
    return request.body?.stream === true
      ? { text: 'one two three', hold: { afterEvents: 2, until: promise } }
      : { text: 'one two three', holdHead: promise };
  });
  const metrics = createSidecarMetrics(Date.now);
  const running = await startSidecar(t, {
    deps: { metrics },
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }], concurrency: { perPod }, ...route }],
    },
  });
  const counted = async (name: string, priority = 'Normal'): Promise<number> => {
    const line = new RegExp(
      `^remora_route_requests_${name}\\{route="default/route-0",priority="${priority}".*\\} (\\d+)$`,
      'm',
    );
    return Number(line.exec(await metrics.text())?.[1] ?? 0);
  };
  return {
    ...{ provider, held, running, metrics, counted },
    ask: (user: string, priority?: string) =>
      post(
        running.url,
        JSON.stringify({ ...JSON.parse(CHAT), user }),
        priority === undefined ? {} : { 'x-remora-priority': priority },
      ),
    /** The n-th request, once the provider has it. */
    async reached(count: number) {
      await until(() => held.length >= count, `the provider has ${count}`);
      assert.equal(held.length, count);
      return held[count - 1];
    },
    /** `/metrics` says so. */
    async untilWaiting(count: number, priority?: string) {
      const guard = Date.now() + 20_000;
      while ((await counted('waiting', priority)) !== count) {
        assert.ok(Date.now() < guard, `${count} wait`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test('no more than max reach the provider at one time, and all are answered', async (t) => {
  const { held, ask, untilWaiting } = await stage(t, { ...PATIENT, max: 2 });
  const answers = ['a', 'b', 'c', 'd', 'e'].map((user) => ask(user));
  await untilWaiting(3);
  for (let done = 0; done < 5; done += 1) {
    const most = Math.min(5, done + 2);
    await until(() => held.length >= most, `${most} have reached the provider`);
    assert.equal(held.length, most);
    held[done]?.release();
  }
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
});

test('high goes before normal, and normal before what the route calls low', async (t) => {
  const { held, ask, reached, untilWaiting, running } = await stage(t, PATIENT, { priority: 'Low' });
  const answers = [ask('first')];
  await reached(1);
  answers.push(ask('silent'), ask('normal', 'normal'), ask('high', 'High'));
  for (const priority of ['Low', 'Normal', 'High']) await untilWaiting(1, priority);
  for (let done = 1; done <= 4; done += 1) (await reached(done))?.release();
  await Promise.all(answers);
  assert.deepEqual(
    held.map(({ user }) => user),
    ['first', 'high', 'normal', 'silent'],
  );
  await until(() => running.records.length === 4, 'all are recorded');
  assert.deepEqual(running.records.map(({ queued }) => queued?.priority).sort(), ['High', 'Low', 'Low', 'Normal']);
});

test('beyond the queue a request is told at once when to come again, and it is counted', async (t) => {
  const { ask, reached, untilWaiting, counted, metrics, running } = await stage(t, { ...PATIENT, queue: 1 });
  const answers = [ask('a')];
  const first = await reached(1);
  answers.push(ask('b'));
  await untilWaiting(1);
  assert.equal(await counted('running'), 1);
  const refused = await ask('c', 'low');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal(refused.headers.get('x-should-retry'), 'true');
  assert.equal(refused.json().error.remora.object, 'AIRoute default/route-0');
  await until(() => running.records.length === 1, 'it is recorded');
  const [record] = running.records;
  assert.deepEqual(record?.queued, { priority: 'Low', waitedMs: 0, refused: 'full' });
  if (record !== undefined) metrics.observe(record);
  assert.match(
    await metrics.text(),
    /^remora_route_requests_refused_total\{route="default\/route-0",priority="Low",reason="full"\} 1$/m,
  );
  first?.release();
  (await reached(2))?.release();
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
});

test('a deadline that passes is 503, and the provider is never asked', async (t) => {
  const { ask, reached, running, provider } = await stage(t, { ...PATIENT, deadlineMs: 50 });
  const answer = ask('a');
  const first = await reached(1);
  const late = await ask('b');
  assert.equal(late.status, 503);
  assert.match(late.json().error.message, /had no turn for the request within 50 ms/);
  first?.release();
  assert.equal((await answer).status, 200);
  assert.equal(provider.requests.length, 1);
  assert.equal(running.gate.reserved.length, 1, 'who waits reserves no money');
});

test('a stream has its place until it ends, and a client that leaves gives its own up at once', async (t) => {
  const { ask, reached, untilWaiting, running, provider, held } = await stage(t, PATIENT);
  const streaming = connect(running.port, '127.0.0.1');
  streaming.write(chatBytes(STREAMED_CHAT));
  await new Promise((resolve) => streaming.once('data', resolve));
  const leaving = connect(running.port, '127.0.0.1');
  leaving.write(chatBytes(CHAT));
  await untilWaiting(1);
  const patient = ask('patient');
  await untilWaiting(2);
  leaving.destroy();
  await untilWaiting(1);
  assert.equal(held.length, 1);
  streaming.destroy();
  (await reached(2))?.release();
  assert.equal((await patient).status, 200);
  assert.deepEqual(
    provider.requests.map(({ body }) => body?.user),
    [undefined, 'patient'],
  );
});

test('a sidecar that stops gives turns until its deadline, and then tells who still waits', async (t) => {
  const { ask, reached, untilWaiting, running } = await stage(t, PATIENT);
  const answers = [ask('a')];
  const first = await reached(1);
  answers.push(ask('b'));
  await untilWaiting(1);
  answers.push(ask('c'));
  await untilWaiting(2);
  const closed = running.sidecar.close({ deadlineMs: 400 });
  first?.release();
  await reached(2);
  await closed;
  const [a, b, c] = await Promise.all(answers);
  assert.deepEqual([a?.status, b?.status, c?.status], [200, 503, 503]);
  assert.equal(c?.json().error.code, 'draining');
});

test('a class that does not exist is refused by its header', async (t) => {
  const { ask, provider } = await stage(t, PATIENT);
  const answer = await ask('a', 'urgent');
  assert.equal(answer.status, 400);
  assert.match(answer.json().error.message, /x-remora-priority names no class. Send high, normal or low/);
  assert.equal(provider.requests.length, 0);
});
