/** `remora explain` as a user runs it: from files, from a running sidecar, and through the API server from a pod. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPortForwardApi } from '#test/support/port-forward-api';
import { folderFor, runRemora, startDev } from './remora-process.ts';

const POLICIES = `
apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: openai, namespace: demo}
spec: {type: OpenAI, auth: {secretRef: {name: openai, key: api-key}}}
---
apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: mock, namespace: demo}
spec: {type: Mock}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: demo}
spec: {targets: [{model: openai/gpt-4o-mini}, {model: mock/echo}]}
---
apiVersion: remora.dev/v1alpha1
kind: AIPolicy
metadata: {name: batch, namespace: demo}
spec:
  appliesTo: {workloads: {matchLabels: {app: batch}}}
  models: {deny: ["openai/*"]}
`;

function files(t: Parameters<typeof folderFor>[0]): string {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'all.yaml'), POLICIES);
  return folder;
}

test('remora explain -f needs no key where it is told to assume one, and takes the labels of a pod', async (t) => {
  const folder = files(t);
  const sentTo = async (...flags: string[]) => {
    const { code, stdout } = await runRemora(t, ['explain', '-f', folder, '-m', 'chat', '-o', 'json', ...flags]);
    assert.equal(code, 0);
    const { sentTo, leftOut } = JSON.parse(stdout);
    return [sentTo, leftOut.map(({ reason }: { reason: string }) => reason)];
  };
  assert.deepEqual(await sentTo(), ['mock/echo', []]);
  assert.deepEqual(await sentTo('--assume-keys'), ['openai/gpt-4o-mini', []]);
  assert.deepEqual(await sentTo('--assume-keys', '--labels', 'app=batch'), ['mock/echo', ['Denied']]);
});

test('remora explain reads a body and sends headers, and exits 1 with the error of what would be refused', async (t) => {
  const folder = files(t);
  const body = join(folder, 'request.json5');
  writeFileSync(body, JSON.stringify({ model: 'other', messages: [{ role: 'user', content: 'Hi' }], stream: true }));
  const refused = await runRemora(t, ['explain', '-f', folder, '-b', body]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^refused {5}404 unknown_model\n +No AIRoute of this workload serves the model `other`/);
  const told = await runRemora(t, [
    ...['explain', '-f', folder, '-b', body, '-m', 'chat', '-H', 'x-remora-user=ada', '-H', 'x-remora-tier: gold'],
  ]);
  assert.equal(told.code, 0);
  assert.match(told.stdout, /request +chat over openai-chat for the model chat, streamed/);
  assert.match(told.stdout, /caller .*user ada, tier gold/);
  const early = await runRemora(t, ['explain', '-f', folder, '-m', 'chat', '-H', 'x-remora-team=other']);
  assert.deepEqual([early.code, early.stdout.split('\n')[0]], [1, 'refused     400']);
});

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /State what is asked for: --model, or a request by --body/],
  [['-m', 'chat', '-b', 'no-such-file'], /no-such-file cannot be read/],
  [['-m', 'chat', '-H', 'no header'], /--header no header is no header\. Write name=value/],
  [['-m', 'chat', '--labels', 'a=b'], /--labels goes with --files/],
  [
    ['-m', 'chat', '--url', 'http://127.0.0.1:1'],
    /cannot be reached: .*ECONNREFUSED.* Is a sidecar or `remora dev` there\?/,
  ],
  [['-m', 'chat', '-f', 'no-such-folder'], /no-such-folder: no such file or folder/],
];
for (const [flags, message] of wrong)
  test(`remora explain ${flags.join(' ')} says in one sentence what is wrong`, async (t) => {
    const { code, stdout, stderr } = await runRemora(t, ['explain', ...flags]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, message);
  });

test('remora explain --pod asks the sidecar of a pod through the API server, and says why where it cannot', async (t) => {
  const folder = files(t);
  const dev = await startDev(t, { paths: [folder], state: join(folder, 'state') });
  const explainPod = async (pod: string, ports: ReadonlyMap<number, number>) => {
    const api = await startPortForwardApi(t, ports);
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, api.kubeconfig);
    return { ...(await runRemora(t, ['explain', '--pod', pod, '-m', 'chat', '--kubeconfig', kubeconfig])), api };
  };
  const ingress = new Map([[24_100, Number(new URL(dev.url).port)]]);
  const told = await explainPod('app-1', ingress);
  assert.deepEqual([told.code, told.stderr], [0, '']);
  assert.match(told.stdout, /^sent to {5}mock\/echo\n/);
  assert.deepEqual(told.api.asked, ['/api/v1/namespaces/demo/pods/app-1/portforward?ports=24100']);
  const none = await explainPod('demo/app-2', ingress);
  assert.deepEqual([none.code, none.stdout], [1, '']);
  assert.match(none.stderr, /^Pod demo\/app-2 cannot be reached through the API server: .*404\.\n$/);
  const deaf = await explainPod('demo/app-1', new Map());
  assert.match(
    deaf.stderr,
    /^Pod demo\/app-1 cannot be reached through the API server: error forwarding port 24100 .*refused\.\n$/,
  );
});
