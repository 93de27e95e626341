/** Operator and sidecar as processes on a real API server: what they were entrusted with is in no object, Event, log, metric or trace. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { POD_ENV } from '#contract/names/pod';
import { ALL_KINDS } from '#contract/resources/kinds';
import { ADMISSION_PATH } from '#operator/admission/review';
import { CONFIG_MAP, EVENT, LEASE, POD, pathOf, remoraType, SECRET } from '#operator/kube/resource-type';
import { eventually } from '#test/operator/eventually';
import { spawnOperator } from '#test/operator/operator-process';
import { World } from '#test/operator/world';
import { freePorts } from '#test/support/free-ports';
import { startCollector } from '#test/support/otlp-collector';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { injectedEnv, spawnSidecar } from '#test/sync/sidecar-process';
import { assertClean, type Canary, canaryOf, findCanaries, secretOf } from './canary.ts';
import { assertPrivate, filesIn } from './folder.ts';
import { ANSWER, CALLER, FORBIDDEN, PROMPT, provoke, provokeRefusals } from './traffic.ts';

const KEY = canaryOf('secret-key');
/** Beside the key in the same Secret, and nobody's business. */
const NEIGHBOUR = canaryOf('other-key-of-the-secret');
const OTLP = canaryOf('otlp-header');
const TEXTS = [PROMPT, ANSWER];

type Ports = Readonly<Record<'push' | 'webhook' | 'health', number>>;

const otlpEnv = (url: string) => ({
  [POD_ENV.logLevel]: 'trace',
  [POD_ENV.otlpEndpoint]: url,
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(OTLP.value)}`,
});

/** Everything right, and everything of which the operator has to say that it is wrong. */
async function applyObjects(world: World, endpoint: string): Promise<void> {
  const auth = { secretRef: { name: 'openai' } };
  await world.secret('openai', { 'api-key': KEY.value, other: NEIGHBOUR.value });
  await world.apply('AIProvider', 'openai', { type: 'OpenAI', endpoint, auth });
  await world.apply('AIProvider', 'no-secret', { type: 'OpenAI', auth: { secretRef: { name: 'nowhere' } } });
  await world.apply('AIProvider', 'no-key', { type: 'OpenAI', auth: { secretRef: { name: 'openai', key: 'absent' } } });
  await world.apply('AIRoute', 'gpt', { targets: [{ model: 'openai/gpt-4o', maxRetries: 0 }] });
  await world.apply('AIRoute', 'broken', { targets: [{ model: 'no-key/gpt-4o' }] });
  await world.apply('AIBudget', 'caps', { limits: [{ name: 'all', tokens: 10_000_000, every: 'Month' }] });
  const block = { name: 'words', stage: 'Input', action: 'Block', patterns: [FORBIDDEN] };
  await world.apply('AIPolicy', 'words', { guardrails: [block] });
  await world.apply('AIPolicy', 'wrong', { guardrails: [{ ...block, stage: 'Output', patterns: ['x.*'] }] });
}

/** Every object that users may read; of Secrets only the names. */
async function objectsOf(world: World): Promise<Record<string, string>> {
  const types = [...ALL_KINDS.map(({ kind }) => remoraType(kind)), CONFIG_MAP, EVENT, LEASE, POD];
  const lists = await Promise.all(
    types.map(async (type) => {
      const { body } = await world.server.request({ path: pathOf(type, { namespace: world.namespace }) });
      return [type.kind, JSON.stringify(body)] as const;
    }),
  );
  return Object.fromEntries(lists);
}

/** What the API server is told of a pod that is being made. */
function injected(port: number, caPem: string): Promise<string> {
  const object = {
    metadata: { annotations: { 'remora.dev/inject': 'true' } },
    spec: { containers: [{ name: 'app' }] },
  };
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', object } };
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path: ADMISSION_PATH.pod,
      method: 'POST',
      ca: caPem,
    };
    const outgoing = request({ ...options, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(Buffer.from(JSON.parse(text).response.patch ?? '', 'base64').toString()));
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(review));
  });
}

test('keys, tokens, the private key of the CA, prompts and answers are in no object, Event, log, metric or trace of a cluster', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const dir = mkdtempSync(join(tmpdir(), 'remora-secrets-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const collector = await startCollector(t);
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  await applyObjects(world, provider.url);
  const pod = await world.pod('app-1');
  const [push = 0, webhook = 0, health = 0] = await freePorts(3);
  const ports: Ports = { push, webhook, health };
  writeFileSync(join(dir, 'kubeconfig'), world.server.kubeconfig);
  const operator = spawnOperator(t, {
    ...otlpEnv(collector.url),
    KUBECONFIG: join(dir, 'kubeconfig'),
    REMORA_NAMESPACE: world.namespace,
    REMORA_WATCH_NAMESPACE: world.namespace,
    REMORA_HOST: '127.0.0.1',
    REMORA_PUSH_PORT: String(ports.push),
    REMORA_WEBHOOK_PORT: String(ports.webhook),
    REMORA_HEALTH_PORT: String(ports.health),
  });
  const readyz = `http://127.0.0.1:${ports.health}/readyz`;
  await eventually('the operator is ready', () =>
    fetch(readyz).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const { data } = (await world.get(SECRET, 'remora-authority')) as { data: Record<string, string> };
  const pem = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString();
  const caPem = pem('tls.crt');

  const place = { dir, operatorPort: ports.push, caPem, namespace: world.namespace };
  const sidecar = spawnSidecar({
    ...injectedEnv({ ...place, podName: pod.name, podUid: pod.uid, token: pod.token }),
    ...otlpEnv(collector.url),
  });
  t.after(async () => {
    sidecar.kill('SIGKILL');
    await sidecar.ended;
  });
  await eventually('the sidecar serves', () => sidecar.ingress() ?? false);
  await world.condition('AIRoute', 'gpt', 'Programmed', ({ message }) => message.startsWith('1/1'));
  const url = sidecar.ingress() ?? '';
  const answers = { ...(await provoke({ url, provider, model: 'gpt' })), ...(await provokeRefusals(url, 'gpt')) };
  await world.condition('AIPolicy', 'wrong', 'Accepted', ({ status }) => status === 'False');
  await world.condition('AIProvider', 'no-key', 'ResolvedRefs', ({ status }) => status === 'False');
  await eventually('an Event', async () => (await objectsOf(world)).Event?.includes('"reason":"Invalid"'));
  const objects = await objectsOf(world);
  const metrics = await (await fetch(`http://127.0.0.1:${ports.health}/metrics`)).text();
  const patch = await injected(ports.webhook, caPem);
  assert.ok(patch.includes('BEGIN CERTIFICATE'), 'the pod was injected');
  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0, sidecar.stderr());
  operator.child.kill('SIGTERM');
  assert.equal(await operator.ended, 0, operator.output());

  const admin = parse(world.server.kubeconfig).users[0].user.token as string;
  const canaries: Canary[] = [
    ...[KEY, NEIGHBOUR, OTLP, CALLER, ...TEXTS],
    secretOf('token of the pod', pod.token),
    secretOf('private key of the CA', pem('tls.key')),
    { slot: 'token of the operator', value: admin, marks: [admin] },
  ];
  const sent = JSON.stringify(provider.requests.map(({ headers }) => headers));
  assert.ok(findCanaries([KEY], { sent }).length > 0, 'the key was used');
  assert.ok(/remora\.push/.test(collector.bodies.join('')), 'the operator traced');
  assertClean(canaries, {
    ...answers,
    ...objects,
    patch,
    'metrics of the operator': metrics,
    'output of the operator': operator.output(),
    'stdout of the sidecar': JSON.stringify(sidecar.lines),
    'stderr of the sidecar': sidecar.stderr(),
    traces: collector.bodies.join('\n'),
    ...filesIn(join(dir, 'journal')),
  });
  const state = filesIn(join(dir, 'state'));
  assert.ok(findCanaries([KEY], state).length > 0, 'the last good credential is kept');
  assertClean(
    canaries.filter((canary) => canary !== KEY),
    state,
  );
  assertPrivate(join(dir, 'state'));
});
