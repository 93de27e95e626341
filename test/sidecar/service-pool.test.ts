/** A provider whose servers are the ready endpoints of a Service, which change while requests are under way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ensureAuthority } from '#operator/trust/certificate-authority';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { compileSnapshot } from '#sidecar/pipeline/policy/snapshot';
import { buildGuardrail } from '#test/support/build-policy';
import { freePorts } from '#test/support/free-ports';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { watchUpstream } from './dialled.ts';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { policyOf, startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

const SERVICE = { type: 'OpenAICompatible' as const, service: 'models/vllm' };

const wordsFor = (endpoints: readonly string[], endpoint = 'http://vllm.models.svc:8000/v1') => ({
  providers: { pool: { ...SERVICE, endpoint, endpoints: [...endpoints] }, mock: { type: 'Mock' as const } },
  routes: [
    { models: ['chat'], targets: [{ provider: 'pool', maxRetries: 1 }] },
    { models: ['safe'], targets: [{ provider: 'pool' }], fallbacks: [{ provider: 'mock' }] },
  ],
});

async function startServers(t: TestContext, count: number): Promise<FakeProvider[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startFakeProvider({ dialect: 'openai' })));
  for (const server of servers) t.after(() => server.close());
  return servers;
}

async function startPool(t: TestContext, ready: readonly string[]) {
  const { upstream, urls: dialled } = watchUpstream();
  const running = await startSidecar(t, { policy: wordsFor(ready), deps: { upstream, monotonicMs: () => 0 } });
  let version = 1;
  /** As the operator pushes it when other pods are ready. */
  const become = (endpoints: readonly string[]) => {
    version += 1;
    const result = running.sidecar.sink.applyPolicy(policyOf(wordsFor(endpoints)), `hash-${version}`);
    assert.deepEqual(result, { applied: true });
  };
  return { ...running, become, dialled };
}

test('a pod that is not ready any more finishes what it has and gets nothing new', async (t) => {
  const [leaving, staying] = await startServers(t, 2);
  assert.ok(leaving && staying);
  const { url, become } = await startPool(t, [leaving.url]);
  const held = Promise.withResolvers<void>();
  leaving.respondWith({ text: 'one two three', hold: { afterEvents: 1, until: held.promise } });
  const open = post(url, STREAMED_CHAT);
  await until(() => leaving.requests.length === 1, 'the stream is under way');

  become([leaving.url, staying.url]);
  become([staying.url]);
  for (let asked = 0; asked < 20; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
  assert.deepEqual([leaving.requests.length, staying.requests.length], [1, 20]);
  held.resolve();
  const { text } = await open;
  assert.match(text, /three/);
  assert.match(text, /data: \[DONE\]/);
  assert.equal(leaving.requests[0]?.wasAborted, false);
});

test('a pod that becomes ready is asked, and counts what it has under way from its first request on', async (t) => {
  const [first, second] = await startServers(t, 2);
  assert.ok(first && second);
  const { url, become } = await startPool(t, [first.url]);
  const held = Promise.withResolvers<void>();
  for (const server of [first, second]) server.respondWith({ hold: { afterEvents: 1, until: held.promise } });
  const open = Array.from({ length: 3 }, () => post(url, STREAMED_CHAT));
  await until(() => first.requests.length === 3, 'the only pod has three');
  become([first.url, second.url]);
  for (let asked = 1; asked <= 3; asked += 1) {
    open.push(post(url, STREAMED_CHAT));
    await until(() => second.requests.length === asked, 'the one with less under way is asked');
  }
  held.resolve();
  for (const { status } of await Promise.all(open)) assert.equal(status, 200);
});

test('a request that began before a rollout is tried again on a pod that is ready after it', async (t) => {
  const [old, fresh] = await startServers(t, 2);
  assert.ok(old && fresh);
  const { url, become, records } = await startPool(t, [old.url]);
  const held = Promise.withResolvers<void>();
  old.respondWith({ holdHead: held.promise, fault: { kind: 'reset-before-head' } });
  const open = post(url, CHAT);
  await until(() => old.requests.length === 1, 'it is under way');
  become([fresh.url]);
  held.resolve();
  assert.equal((await open).status, 200);
  assert.deepEqual([old.requests.length, fresh.requests.length], [1, 1]);
  assert.deepEqual(
    records[0]?.attempts.map(({ outcome, serverPort }) => [outcome, serverPort]),
    [
      ['reset', Number(new URL(old.url).port)],
      ['ok', Number(new URL(fresh.url).port)],
    ],
  );
});

test('with nobody ready the target is skipped, the next one serves, and where none is left the error names the Service', async (t) => {
  const [server] = await startServers(t, 1);
  assert.ok(server);
  const { url, become, records } = await startPool(t, [server.url]);
  const ask = (model: string) => post(url, JSON.stringify({ ...JSON.parse(CHAT), model }));
  become([]);
  assert.equal((await ask('safe')).headers.get('x-remora-target'), 'mock/m');
  const refused = await ask('chat');
  assert.equal(refused.status, 503);
  assert.equal(refused.json().error.remora.code, 'no_target');
  assert.match(refused.json().error.message, /Service models\/vllm has no ready endpoint/);
  assert.equal(server.requests.length, 0);
  become([server.url]);
  assert.equal((await ask('chat')).status, 200);
  assert.deepEqual(
    records.map(({ attempts }) => attempts.map(({ target, outcome }) => `${target} ${outcome}`).join()),
    ['mock/m ok', '', 'pool/m ok'],
    'nothing was tried in vain',
  );
});

test('pods that cannot be reached though they are called ready cost no attempt, and stay left alone when others come and go', async (t) => {
  const [there, later] = await startServers(t, 2);
  const away = (await freePorts(3)).map((port) => `http://127.0.0.1:${port}/v1`);
  assert.ok(there && later);
  const { url, become, records, dialled } = await startPool(t, [there.url, ...away]);
  const askOften = async () => {
    for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
    return dialled.filter((asked) => away.some((server) => asked.startsWith(server))).length;
  };
  assert.equal(await askOften(), 3, 'each was found out once');
  become([there.url, ...away, later.url]);
  assert.equal(await askOften(), 3, 'nobody else had to find out');
  assert.ok(later.requests.length > 0);
  assert.ok(records.every(({ attempts }) => attempts.length === 1));
});

test('pods are asked by the name of the Service', async (t) => {
  const [server] = await startServers(t, 1);
  assert.ok(server);
  const { url } = await startPool(t, [server.url]);
  await post(url, CHAT);
  assert.equal(server.requests[0]?.headers.host, 'vllm.models.svc:8000');
});

test('with HTTPS the certificate of a pod must hold for the name of the Service', async (t) => {
  const authority = await ensureAuthority({ read: async () => undefined, create: async () => 'created' });
  const asked: string[] = [];
  const endpoints = await Promise.all(
    ['vllm.models.svc', 'other.models.svc'].map(async (name) => {
      const { certPem, keyPem } = await authority.issue([name]);
      const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
        asked.push(`${name} ${request.headers.host}`);
        const message = { role: 'assistant', content: 'hello' };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] }));
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      t.after(async () => void server.close());
      return `https://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    }),
  );
  for (const [index, status] of [200, 502].entries()) {
    const words = wordsFor(endpoints.slice(index, index + 1), 'https://vllm.models.svc:8443/v1');
    const { url } = await startSidecar(t, { policy: words, config: { upstreamCa: authority.caPem } });
    assert.equal((await post(url, CHAT)).status, status);
  }
  assert.deepEqual(asked, ['vllm.models.svc vllm.models.svc:8443']);
});

test('what a circuit breaker learned of a model outlives its pods, but not another way to ask the Service', () => {
  const breakerOf = (...asked: Parameters<typeof wordsFor>) => {
    const policy = policyOf(wordsFor(...asked));
    for (const { targets } of policy.routes.flatMap(({ rules }) => rules))
      for (const target of targets)
        target.circuitBreaker = { consecutiveFailures: 5, errorPercent: 50, firstTokenP95Ms: null, openForMs: 5_000 };
    return compileSnapshot(policy, 'hash', compileGuardrails).routes.get('chat')?.rules[0]?.targets[0]?.breaker;
  };
  const before = breakerOf(['http://10.0.0.1:8000/v1']);
  assert.ok(before);
  assert.equal(breakerOf(['http://[fd00::2]:8000/v1', 'http://10.0.0.3:8000/v1']), before);
  assert.notEqual(breakerOf(['http://10.0.0.1:8000/v1'], 'http://vllm.models.svc:9000/v1'), before);
});

test('guardrails are compiled anew when they are others, and not with every change of the pods', async (t) => {
  let compiled = 0;
  const counting: typeof compileGuardrails = (guardrails) => {
    compiled += 1;
    return compileGuardrails(guardrails);
  };
  const { sidecar } = await startSidecar(t, { deps: { compileGuardrails: counting } });
  const apply = (endpoint: string, pattern: string) => {
    const words = { ...wordsFor([endpoint]), guardrails: [buildGuardrail({ patterns: [pattern] })] };
    return sidecar.sink.applyPolicy(policyOf(words), `hash ${endpoint} ${pattern}`).applied;
  };
  assert.ok(apply('http://10.0.0.1:8000/v1', 'one') && apply('http://10.0.0.2:8000/v1', 'one'));
  assert.equal(compiled, 1);
  assert.ok(apply('http://10.0.0.2:8000/v1', 'two'));
  assert.equal(compiled, 2);
});
