/** `remora check` against a real API server: a sound installation, one with a fault in every group, and none that answers. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '#test/support/free-ports';
import { generateCaPem } from './ca-bundle.ts';
import { conditions, TestCluster } from './cluster.ts';
import { folderFor, runRemora } from './remora-process.ts';

const INJECTED = { labels: { 'remora.dev/injected': 'true' } };
const READY = { phase: 'Running', initContainerStatuses: [status('remora-proxy', true)] };
const SPEC = { targets: [{ model: 'mock/a' }] };

function status(name: string, ready: boolean, state: object = { running: {} }): object {
  return { name, ready, state, image: 'remora', imageID: '', restartCount: 0 };
}

test('remora check passes on a sound installation, with a tick per group', async (t) => {
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  await cluster.operator(2);
  await cluster.webhooks(await generateCaPem());
  await cluster.ours('AIRoute', 'chat', {
    spec: SPEC,
    status: { conditions: conditions(1, ['Ready', 'True', 'Ready', 'All conditions hold.']), programmed: '1/1' },
  });
  const { uid } = await cluster.pod('app', INJECTED, READY);
  await cluster.acks({
    version: 1,
    policies: {},
    sidecars: { [uid]: { hash: 'h', nack: null, connected: true, atMs: 1 } },
  });
  const { code, stdout, stderr } = await cluster.remora('check', '-n', cluster.namespace);
  assert.equal(stderr, '');
  assert.match(stdout, /^kubernetes-api\n√ https:\/\/127\.0\.0\.1:\d+ is Kubernetes v1\.\d+/);
  for (const [group, line] of [
    ['crds', '√ all 6 are served as v1alpha1'],
    ['operator', `√ Deployment ${cluster.home}/remora: 2 of 2 replicas ready`],
    [
      'webhook',
      `√ MutatingWebhookConfiguration remora-${cluster.namespace}: 1 webhooks trust the operator's certificate`,
    ],
    ['policy-stream', '√ all 1 sidecars are connected and run what they were sent'],
    ['routes', '√ the only AIRoute is in effect'],
    ['providers', '√ no AIProvider'],
    ['pods', '√ 1 with a sidecar, and none asked for one without getting it'],
  ])
    assert.ok(stdout.includes(`\n${group}\n${line}\n`), `${group} in:\n${stdout}`);
  assert.match(stdout, /\nEverything checked is right\.\n$/);
  assert.equal(code, 0);
});

test('remora check names the object, the reason and a command for a fault in every group, and exits with 1', async (t) => {
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  const { namespace, home } = cluster;
  await cluster.operator(0);
  await cluster.webhooks(undefined);
  const pending = 'waiting for test/app (connected, not acknowledged)';
  await cluster.ours('AIRoute', 'chat', {
    spec: SPEC,
    status: { conditions: conditions(1, ['Programmed', 'False', 'Rejected', pending]) },
  });
  await cluster.ours('AIProvider', 'openai', {
    spec: { type: 'OpenAI', auth: { secretRef: { name: 'openai' } } },
    status: { conditions: conditions(1, ['ResolvedRefs', 'False', 'SecretNotFound', 'Secret openai is missing']) },
  });
  await cluster.pod('asks', { annotations: { 'remora.dev/inject': 'true' } });
  const waiting = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };
  const { uid } = await cluster.pod('stuck', INJECTED, {
    phase: 'Pending',
    initContainerStatuses: [status('remora-proxy', false, waiting)],
  });
  const nack = { hash: 'i', reason: 'pattern too long' };
  await cluster.acks({ version: 1, policies: {}, sidecars: { [uid]: { hash: 'h', nack, connected: true, atMs: 1 } } });

  const { code, stdout } = await cluster.remora('check', '-n', namespace);
  for (const [line, remedy] of [
    [`× Deployment ${home}/remora: 0 of 2 replicas ready: `, `kubectl -n ${home} describe deployment remora`],
    [
      `× MutatingWebhookConfiguration remora-${namespace}: pod.inject.remora.dev without caBundle`,
      `kubectl -n ${home} logs deployment/remora`,
    ],
    [
      `‼ ValidatingWebhookConfiguration remora-${namespace}: without caBundle, so wrong objects are stored`,
      `kubectl -n ${home} logs deployment/remora`,
    ],
    [
      `× the sidecar of Pod ${namespace}/stuck refused its policy: pattern too long`,
      `kubectl -n ${namespace} logs stuck`,
    ],
    [
      `× AIRoute ${namespace}/chat: Programmed=False (Rejected): ${pending}`,
      `kubectl -n ${namespace} describe airoute chat`,
    ],
    [
      `× AIProvider ${namespace}/openai: ResolvedRefs=False (SecretNotFound): `,
      `kubectl -n ${namespace} describe aiprovider`,
    ],
    [`× Pod ${namespace}/asks asks for a sidecar and has none`, `kubectl -n ${namespace} delete pod asks`],
    [
      `× Pod ${namespace}/stuck: the sidecar is not ready: no such image`,
      `kubectl -n ${namespace} logs stuck -c remora-proxy`,
    ],
  ] as const) {
    const at = stdout.split('\n').findIndex((text) => text.startsWith(line));
    assert.ok(at >= 0, `${line} in:\n${stdout}`);
    assert.ok(stdout.split('\n')[at + 1]?.startsWith(`    ${remedy}`), `${remedy} below ${line} in:\n${stdout}`);
  }
  assert.match(stdout, /\nFound 7 failures and 1 warning\.\n$/);
  assert.equal(code, 1);

  const json = await cluster.remora('check', '-n', namespace, '-o', 'json');
  const { findings } = JSON.parse(json.stdout) as { findings: { level: string }[] };
  assert.equal(findings.filter(({ level }) => level === 'failure').length, 7);
  assert.equal(json.code, 1);
});

test('remora check --pre asks only for what the cluster must offer', async (t) => {
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  const { code, stdout } = await cluster.remora('check', '--pre');
  assert.match(stdout, /^kubernetes-api\n√ .*\n\npermissions\n√ you may create what the installation needs\n\n/);
  assert.equal(code, 0);
});

test('remora check says of a cluster that does not answer that it does not, and of one that refuses why', async (t) => {
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  const [port = 0] = await freePorts(1);
  const file = join(folderFor(t), 'kubeconfig');
  const check = () => runRemora(t, ['check', '--kubeconfig', file]);
  writeFileSync(file, cluster.server.kubeconfig.replace(cluster.server.url, `https://127.0.0.1:${port}`));
  const away = await check();
  assert.match(
    away.stdout,
    /^kubernetes-api\n× https:\/\/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED.*\n {4}kubectl cluster-info\n/,
  );
  assert.equal(away.code, 1);

  writeFileSync(file, cluster.server.kubeconfig.replace(/"token":"[^"]*"/, '"token":"canary-token"'));
  const refused = await check();
  assert.match(refused.stdout, /^kubernetes-api\n× https:\S+ refuses: Unauthorized\n/);
  assert.equal(refused.code, 1);
  assert.doesNotMatch(refused.stdout + refused.stderr, /canary-token/);
});

test('remora check says in one sentence which kubeconfig or context is not there', async (t) => {
  const folder = folderFor(t);
  const missing = await runRemora(t, ['check', '--kubeconfig', join(folder, 'none')]);
  assert.match(missing.stderr, /^The kubeconfig \S+ cannot be read: .*\n$/);
  const none = await runRemora(t, ['status'], { env: { HOME: folder } });
  assert.match(none.stderr, /^No cluster is configured: name one by --kubeconfig, --context or \$KUBECONFIG\.\n$/);
  assert.deepEqual([missing.code, none.code], [1, 1]);
});
