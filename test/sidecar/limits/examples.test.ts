/** The examples of limits, each compiled from its file as a laptop does it, and asked until they refuse. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { compileFiles } from '#cli/dev/compile-files';
import { checkResource } from '#contract/compile/check-resource';
import type { Policy } from '#contract/policy/policy';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { bench } from '#test/treasury/bench';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'examples/limits');
type TestScope = Parameters<typeof startSidecar>[0];

/** `team`: another one than the file's, whose pods share the books. */
async function startExample(t: TestScope, name: string) {
  const { policy, hash, faults, notes } = await compileFiles([join(FOLDER, `${name}.yaml`)], { env: {} });
  assert.deepEqual([faults, notes], [[], []]);
  const { gateOf, treasury } = bench();
  t.after(() => treasury.close());
  return async (attribution: Partial<Policy['attribution']> = {}) => {
    const gate = gateOf(`pod-${attribution.team ?? 'own'}`);
    t.after(() => gate.close());
    const { url, sidecar } = await startSidecar(t, { deps: { budgetGate: gate } });
    const of = { ...policy, attribution: { ...policy.attribution, ...attribution } };
    assert.ok(sidecar.sink.applyPolicy(of, hash).applied);
    return async (maxTokens: number, headers: Record<string, string> = {}, model = 'chat') => {
      const body = JSON.stringify({ ...JSON.parse(CHAT), model, max_tokens: maxTokens });
      const answer = await post(url, body, headers);
      return answer.status === 200
        ? answer.headers.get('x-remora-target')
        : `${answer.status} ${answer.json().error.remora.object}`;
    };
  };
}

test('per-team: each team has its own dollar, and a feature of one no more than its part', async (t) => {
  const start = await startExample(t, 'per-team');
  const [web, mobile] = [await start(), await start({ team: 'mobile' })];
  // 40 dollars a million: 24,000 tokens are 96 cents.
  assert.equal(await web(24_000), 'mock/echo');
  assert.equal(await web(26_000), '429 AIBudget demo/teams limit each-team');
  assert.equal(await mobile(24_000), 'mock/echo');
  const summaries = { 'x-remora-feature': 'summaries' };
  assert.equal(await web(7_000, summaries), '429 AIBudget demo/teams limit summaries');
  assert.equal(await web(5_000, summaries), 'mock/echo');
});

test('per-user-and-model: each user has the amount of each model, on the route that says so', async (t) => {
  const ask = await (await startExample(t, 'per-user-and-model'))();
  const [ann, bob] = [{ 'x-remora-user': 'ann' }, { 'x-remora-user': 'bob' }];
  assert.equal(await ask(4_000, ann, 'small'), 'mock/*');
  const own = '429 AIRoute demo/chat limit each-user-and-model';
  assert.equal(await ask(5_000, ann, 'small'), own);
  assert.equal(await ask(4_000, bob, 'small'), 'mock/*');
  assert.equal(await ask(4_000, ann, 'large'), 'mock/*');
  assert.equal(await ask(9_000, ann, 'free'), 'mock/echo');
});

test('per-provider: what is over its amount goes to the next target, and is refused where there is none', async (t) => {
  const ask = await (await startExample(t, 'per-provider'))();
  assert.equal(await ask(9_000), 'reserved/echo');
  assert.equal(await ask(11_000), 'on-demand/echo');
  assert.equal(await ask(1_000, {}, 'reports'), 'reserved/large');
  assert.equal(await ask(3_000, {}, 'reports'), '429 AIProvider demo/reserved limit large');
});

test('every example of limits is tested', () => {
  const files = globSync('*.yaml', { cwd: FOLDER }).map((file) => basename(file, '.yaml'));
  assert.deepEqual(files.sort(), ['per-provider', 'per-team', 'per-user-and-model']);
});

test('every object of the guide to budgets is valid', () => {
  const guide = readFileSync(join(ROOT, 'docs/guides/budgets.md'), 'utf8');
  const blocks = [...guide.matchAll(/```yaml\n(.*?)```/gs)].flatMap(([, yaml = '']) => parseAllDocuments(yaml));
  assert.ok(blocks.length > 0);
  for (const block of blocks) {
    const object = block.toJS();
    const checked = checkResource({ ...object, metadata: { uid: '', generation: 1, ...object.metadata } });
    assert.ok(checked.ok, JSON.stringify(checked));
  }
});
