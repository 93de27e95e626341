/** Jobs of the injected sidecar as a process: the key comes over the stream, and a kill loses nothing that a client was told of. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { policyHash } from '#contract/policy/hash';
import type { Policy } from '#contract/policy/policy';
import { assertPrivate, filesIn } from '#test/secrets/folder';
import {
  answerOf,
  idOf,
  isSigned,
  look,
  type Receiver,
  SIGNING_KEY,
  startReceiver,
  submit,
} from '#test/sidecar/callback/stage';
import { buildRoute, buildTarget } from '#test/support/build-policy';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { policyOf, published, type TestOperator, until, WORKLOAD, World } from './harness.ts';
import { injectedEnv, type SidecarProcess, spawnSidecar } from './sidecar-process.ts';

const KEY = 'sk-planted-canary';
const PROMPT = 'planted-prompt';
const BODY = { model: 'chat', messages: [{ role: 'user', content: PROMPT }] };

interface Stage {
  readonly world: World;
  readonly operator: TestOperator;
  readonly provider: FakeProvider;
  readonly receiver: Receiver;
  readonly acknowledged: () => boolean;
  /** A sidecar of the pod that serves. */
  spawn(): Promise<{ readonly sidecar: SidecarProcess; readonly url: string }>;
}

function policyFor(provider: FakeProvider, receiver: Receiver): Policy {
  const base = policyOf(['openai'], []);
  const callback = {
    allow: [receiver.url],
    signingKey: 'shop/hooks/signing-key',
    deadlineMs: 60_000,
    retentionMs: 60_000,
  };
  return {
    ...base,
    providers: base.providers.map((openai) => ({ ...openai, endpoint: provider.url })),
    routes: [buildRoute('shop/chat', [buildTarget('shop', 'openai/gpt-4o')], { callback })],
  };
}

async function stage(t: TestContext): Promise<Stage> {
  const world = await World.open();
  t.after(() => world.close());
  const receiver = await startReceiver({ after: (close) => world.onClose(close) });
  const provider = await startFakeProvider({ dialect: 'openai', acceptKey: KEY });
  world.onClose(() => provider.close());
  const operator = await world.operator();
  const policy = policyFor(provider, receiver);
  operator.server.publish(
    WORKLOAD,
    published(policy, { 'shop/openai/api-key': KEY, 'shop/hooks/signing-key': SIGNING_KEY }),
  );
  const pod = { namespace: 'shop', podName: 'pod-1', podUid: 'pod-1', token: 'token-pod-1' };
  const env = injectedEnv({ ...pod, dir: world.dir, operatorPort: operator.port, caPem: world.authority.caPem });
  const spawn = async () => {
    const sidecar = spawnSidecar(env);
    world.onClose(async () => {
      sidecar.kill('SIGKILL');
      await sidecar.ended;
    });
    await until(`serving; ${sidecar.stderr()}`, () => sidecar.ingress() !== undefined);
    return { sidecar, url: sidecar.ingress() ?? '' };
  };
  const acknowledged = () => operator.states.get('pod-1')?.ackedHash === policyHash(policy);
  return { world, operator, provider, receiver, spawn, acknowledged };
}

test('a killed sidecar that starts again has its results, sends nothing twice, runs what waited and posts what it could not', async (t) => {
  const { world, operator, provider, receiver, spawn, acknowledged } = await stage(t);
  const first = await spawn();
  await until('acknowledged', acknowledged);
  receiver.answerWith({ status: 503 });
  const finished = idOf(await submit(first, `${receiver.url}/done`, { body: BODY }));
  const before = await answerOf(first, finished);
  await until('the first post', () => receiver.posts.length === 1);
  provider.respondWith({ fault: { kind: 'hang' } });
  const ids: string[] = [];
  // One more than run together.
  for (let count = 0; count < 9; count += 1) ids.push(idOf(await submit(first, 'fetch', { body: BODY })));
  await until('eight run', () => provider.requests.length === 9);
  first.sidecar.kill('SIGKILL');
  assert.equal(await first.sidecar.ended, 'SIGKILL');
  const jobs = join(world.dir, 'journal', 'jobs');
  for (const [path, content] of Object.entries(filesIn(jobs)))
    for (const word of [PROMPT, KEY, SIGNING_KEY, receiver.url]) assert.ok(!content.includes(word), `${path}: ${word}`);
  assertPrivate(jobs);
  provider.respondWith({});
  // It goes on with the policy and the key that it last ran.
  await operator.stop();
  const second = await spawn();
  const after = await look(second, finished);
  assert.deepEqual([after.status, after.body], [200, before.body]);
  const answers = await Promise.all(ids.map((id) => answerOf(second, id)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [500, 500, 500, 500, 500, 500, 500, 500, 200],
  );
  assert.equal(JSON.parse(answers[0]?.body ?? '').error.remora.code, 'job_interrupted');
  assert.equal(provider.requests.length, 10, 'only the one that waited is sent');
  await until('the second post', () => receiver.posts.length === 2);
  for (const post of receiver.posts) assert.deepEqual([post.headers['webhook-id'], isSigned(post)], [finished, true]);
  const said = JSON.stringify([
    first.sidecar.lines,
    first.sidecar.stderr(),
    second.sidecar.lines,
    second.sidecar.stderr(),
  ]);
  for (const word of [PROMPT, KEY, SIGNING_KEY, receiver.url]) assert.ok(!said.includes(word), word);
});
