/** The examples of policies, each compiled from its file as a laptop does it, and asked. */
import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { compileFiles } from '#cli/dev/compile-files';
import { checkResource } from '#contract/compile/check-resource';
import { createSidecarMetrics } from '#sidecar/telemetry/metrics';
import { placeFor } from '#test/sidecar/callback/stage';
import { post } from '#test/sidecar/raw-http';
import { startSidecar, until } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { chatBody, type TestScope } from './start-rules.ts';

const FOLDER = join(import.meta.dirname, '../../../examples/policies');
const tested = new Set<string>();

async function startExample(t: TestScope, name: string) {
  tested.add(name);
  const { policy, hash, faults, notes } = await compileFiles([join(FOLDER, `${name}.yaml`)], { env: {} });
  assert.deepEqual([faults, notes], [[], []]);
  const running = await startSidecar(t);
  assert.ok(running.sidecar.sink.applyPolicy(policy, hash).applied);
  const ask = (content: string, headers = {}, model = 'chat') =>
    post(running.url, chatBody(content, { model }), headers);
  return {
    running,
    ask,
    target: async (...asked: Parameters<typeof ask>) => (await ask(...asked)).headers.get('x-remora-target'),
  };
}

test('eu-users: who is in the EU, or does not say, is answered there', async (t) => {
  const { target } = await startExample(t, 'eu-users');
  assert.equal(await target('a', { 'x-remora-region': 'eu' }), 'frankfurt/echo');
  assert.equal(await target('a'), 'frankfurt/echo');
  assert.equal(await target('a', { 'x-remora-region': 'us' }), 'virginia/echo');
});

test('health-data: only covered providers see what the workload says, whatever fails', async (t) => {
  const { ask, target, running } = await startExample(t, 'health-data');
  assert.equal(await target('a'), 'covered/echo');
  assert.deepEqual(
    [...new Set(running.records[0]?.attempts.map(({ target: name }) => name))],
    ['covered/status-503', 'covered/echo'],
  );
  const refused = await ask('a', {}, 'drafts');
  assert.equal(refused.json().error.remora.code, 'no_compliant_target');
  assert.match(refused.json().error.message, /AIPolicy demo\/health-data requires the tags hipaa/);
});

test('pii-to-azure: personal data goes to Azure and the rest where the route says', async (t) => {
  const { target } = await startExample(t, 'pii-to-azure');
  assert.equal(await target('What is a fish?'), 'openai/echo');
  assert.equal(await target('Write to ada@example.org'), 'azure/echo');
  assert.equal(await target('Charge 4111 1111 1111 1111'), 'azure/echo');
});

test('team-models: team A may not use GPT-4, and may use the rest', async (t) => {
  const { ask, target, running } = await startExample(t, 'team-models');
  assert.equal(await target('a', {}, 'o4-mini'), 'openai/*');
  const refused = await ask('a', {}, 'gpt-4o');
  assert.deepEqual([refused.status, refused.json().error.remora.object], [403, 'AIPolicy demo/team-a']);
  assert.ok(running.records.every(({ wouldHave }) => wouldHave === undefined));
});

test('business-hours: people go first and batches still get their turn; at night who came first', async (t) => {
  tested.add('business-hours');
  const waiting = [...Array.from({ length: 10 }, () => 'batch'), ...Array.from({ length: 10 }, () => 'realtime')];
  const monday = await turnsAt('2026-11-23T12:00:00+01:00', waiting, t);
  assert.deepEqual([...monday].sort(), waiting, 'everybody has had a turn');
  assert.equal(monday.slice(0, 10).filter((latency) => latency === 'realtime').length, 8);
  assert.ok(monday.slice(0, 5).includes('batch'), 'and nobody starves');
  assert.deepEqual(await turnsAt('2026-11-23T20:00:00+01:00', waiting, t), waiting);
  assert.deepEqual(await turnsAt('2026-11-22T12:00:00+01:00', waiting, t), waiting);
});

/** The latencies of requests that wait behind another one, in the order of their turns. */
async function turnsAt(time: string, waiting: readonly string[], t: TestScope): Promise<string[]> {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const turns: { readonly latency: string; readonly release: () => void }[] = [];
  provider.respondWith(({ body }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    turns.push({ latency: String(body?.user), release: resolve });
    return { text: 'done', holdHead: promise };
  });
  const { policy, hash } = await compileFiles([join(FOLDER, 'business-hours.yaml')], { env: {} });
  const held = policy.providers.map((one) => ({ ...one, type: 'OpenAI' as const, endpoint: provider.url }));
  const metrics = createSidecarMetrics(Date.now);
  const running = await startSidecar(t, { deps: { metrics, now: () => Date.parse(time) } });
  assert.ok(running.sidecar.sink.applyPolicy({ ...policy, providers: held }, hash).applied);
  const ask = (latency: string) =>
    post(running.url, chatBody('a', { user: latency }), latency === '' ? {} : { 'x-remora-latency': latency });
  const answers = [ask('')];
  await until(() => turns.length === 1, 'the first one is under way');
  for (const latency of waiting) {
    answers.push(ask(latency));
    await untilWaiting(metrics, answers.length - 1);
  }
  for (const at of answers.keys()) {
    await until(() => turns.length > at, `turn ${at} has come`);
    turns[at]?.release();
  }
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
  return turns.slice(1).map(({ latency }) => latency);
}

async function untilWaiting(metrics: ReturnType<typeof createSidecarMetrics>, count: number): Promise<void> {
  const guard = Date.now() + 20_000;
  while ((await waitingNow(metrics)) < count) {
    assert.ok(Date.now() < guard, `${count} wait`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function waitingNow(metrics: ReturnType<typeof createSidecarMetrics>): Promise<number> {
  const lines = (await metrics.text()).matchAll(/^remora_route_requests_waiting\{.*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

test('cent-per-request: what could cost more than a cent goes to the cheaper target, or nowhere', async (t) => {
  const { running } = await startExample(t, 'cent-per-request');
  const ask = (max_tokens: number) => post(running.url, chatBody('a', { model: 'chat', max_tokens }));
  assert.equal((await ask(200)).headers.get('x-remora-target'), 'large/echo');
  assert.equal((await ask(2_000)).headers.get('x-remora-target'), 'small/echo');
  const refused = await ask(10_001);
  assert.equal(refused.json().error.remora.code, 'ceiling_exceeded');
});

test('a laptop is told of an AIPolicy that could only bind pods', async (t) => {
  const file = join(placeFor(t).dir, '..', 'policy.yaml');
  mkdirSync(dirname(file), { recursive: true });
  const spec = { appliesTo: { workloads: { matchLabels: { app: 'bot' } } }, models: { deny: ['*'] } };
  writeFileSync(
    file,
    JSON.stringify({ apiVersion: 'remora.dev/v1alpha1', kind: 'AIPolicy', metadata: { name: 'bots' }, spec }),
  );
  const { policy, notes } = await compileFiles([file], { env: {} });
  assert.deepEqual(policy.modelRules, []);
  assert.deepEqual(notes, [
    `${file}:1: AIPolicy default/bots binds pods by their labels, and here are none: it binds nobody`,
  ]);
});

test('there is a test of each example', () => {
  const files = globSync('*.yaml', { cwd: FOLDER }).map((file) => basename(file, '.yaml'));
  assert.deepEqual(files.sort(), [...tested].sort());
});

test('every object in the guide is right', () => {
  const guide = readFileSync(join(FOLDER, '../../docs/guides/rules-and-policies.md'), 'utf8');
  const objects = [...guide.matchAll(/```yaml\n([^`]*)```/g)].map(([, yaml = '']) => parse(yaml) as unknown);
  assert.ok(objects.length >= 3, `${objects.length} objects`);
  for (const object of objects) {
    const checked = checkResource(object);
    assert.deepEqual(checked.ok ? [] : checked.problems, []);
  }
});
