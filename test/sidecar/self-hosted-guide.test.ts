/** What docs/guides/self-hosted.md and its example show is compiled as it stands there, and does what the guide says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { compileWorkload, conditionsOf } from '#contract/compile/compile';
import { ResourceIndex } from '#contract/compile/resource-index';
import { policyHash } from '#contract/policy/hash';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { post } from './raw-http.ts';
import { startSidecar } from './start-sidecar.ts';

const ROOT = join(import.meta.dirname, '../..');
const guide = [...readFileSync(join(ROOT, 'docs/guides/self-hosted.md'), 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)]
  .map(([, yaml]) => yaml)
  .join('---\n');
const example = readFileSync(join(ROOT, 'examples/self-hosted/pool.yaml'), 'utf8');

/** As in a cluster whose Service has these pods behind both the port of the guide and that of the example. */
function indexOf(yaml: string, namespace: string, ready: readonly string[]): ResourceIndex {
  const index = new ResourceIndex({ platformNamespaces: ['remora-system'] });
  for (const document of parseAllDocuments(yaml)) index.apply(document.toJS());
  const ports = [8000, 80].map((port) => ({ name: port === 80 ? 'api' : '', port, ready, cut: 0 }));
  index.applyService(namespace, 'vllm', { ports });
  return index;
}

const falseOnes = (index: ResourceIndex): string[] =>
  [...conditionsOf(index.snapshot()).values()]
    .flat()
    .flatMap(({ status, reason }) => (status === 'False' ? reason : []));

const policyIn = (index: ResourceIndex, namespace: string) =>
  compileWorkload(index.snapshot(), { namespace, serviceAccount: 'default' });

test('every object of the guide is right, and the pods of its Service answer', async (t) => {
  const servers = await Promise.all([1, 2].map(() => startFakeProvider({ dialect: 'openai' })));
  for (const server of servers) t.after(() => server.close());
  const index = indexOf(
    guide,
    'models',
    servers.map(({ url }) => new URL(url).host),
  );
  assert.deepEqual([index.keys().length, falseOnes(index)], [4, []]);
  const policy = policyIn(index, 'models');
  const { url, sidecar } = await startSidecar(t);
  assert.deepEqual(sidecar.sink.applyPolicy(policy, policyHash(policy)), { applied: true });
  const body = JSON.stringify({ model: 'assistant', messages: [{ role: 'user', content: 'Say hello.' }] });
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, body)).status, 200);
  assert.ok(servers.every(({ requests }) => requests.length > 5));
});

test('the example answers by its reserve while no pod is ready, and says so in its conditions', async (t) => {
  const index = indexOf(example, 'demo', []);
  assert.deepEqual(falseOnes(index), ['NoReadyEndpoints']);
  const policy = policyIn(index, 'demo');
  const { url, sidecar } = await startSidecar(t);
  assert.deepEqual(sidecar.sink.applyPolicy(policy, policyHash(policy)), { applied: true });
  const body = JSON.stringify({ model: 'assistant', messages: [{ role: 'user', content: 'Say hello.' }] });
  assert.equal((await post(url, body)).headers.get('x-remora-target'), 'reserve/echo');
});
