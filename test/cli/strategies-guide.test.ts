/** What the guide of strategies and its examples show is compiled as it stands there, and answers. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';
import { post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { folderFor } from './remora-process.ts';

const GUIDE = join(import.meta.dirname, '..', '..', 'docs', 'guides', 'strategies.md');
const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples', 'strategies');

const blocks = (): string[] =>
  [...readFileSync(GUIDE, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);

/** The providers that the guide names, each inside the process. */
const providers = (yaml: string): string[] => {
  const names = new Set([...yaml.matchAll(/model: ([a-z]+)\//g)].map(([, name = '']) => name));
  return [...names].map((name) =>
    [
      'apiVersion: remora.dev/v1alpha1',
      'kind: AIProvider',
      `metadata: {name: ${name}, namespace: demo}`,
      'spec: {type: Mock}\n',
    ].join('\n'),
  );
};

async function serve(t: TestContext, paths: readonly string[]) {
  const { policy, hash, faults } = await compileFiles(paths, { env: {} });
  assert.deepEqual(faults, []);
  const running = await startSidecar(t, {});
  assert.deepEqual(running.sidecar.sink.applyPolicy(policy, hash), { applied: true });
  const ask = (model: string, headers = {}) =>
    post(running.url, JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] }), headers);
  return { ...running, policy, ask };
}

test('every route of the guide is accepted as it stands there, and answers by its strategy', async (t) => {
  const folder = folderFor(t);
  const yaml = blocks();
  assert.equal(yaml.length, 3);
  const files = [...providers(yaml.join('')), ...yaml];
  writeFileSync(join(folder, 'guide.yaml'), files.join('---\n'));
  const { policy, ask, records } = await serve(t, [folder]);
  for (const { models } of policy.routes) assert.equal((await ask(models[0] ?? '')).status, 200);
  assert.deepEqual(
    records.map(({ requestedModel, strategy }) => `${requestedModel} ${strategy}`),
    ['canary Weighted', 'summaries LeastCost', 'support-chat LeastLatency'],
  );
});

test('the examples split sessions, find out who is soonest, and take the cheapest', async (t) => {
  const { ask, records } = await serve(t, [EXAMPLES]);
  const target = async (model: string, headers = {}) => (await ask(model, headers)).headers.get('x-remora-target');
  // First, since every request of a target tells how it is, whatever route it came by.
  const both = [await target('soonest'), await target('soonest')];
  assert.deepEqual(both.toSorted(), ['lab/large', 'lab/small']);
  const sessions = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
  const once = await Promise.all(sessions.map((session) => target('split', { 'x-remora-session': session })));
  const again = await Promise.all(sessions.map((session) => target('split', { 'x-remora-session': session })));
  assert.deepEqual(again, once);
  assert.deepEqual([...new Set(once)].toSorted(), ['lab/large', 'lab/small']);
  assert.equal(await target('cheapest'), 'lab/small');
  assert.match(records.at(-1)?.strategyReason ?? '', /^lab\/small \$0\.00164\d*, lab\/large \$0\.041\d*$/);
});
