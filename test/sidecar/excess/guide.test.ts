/** The examples of limits that let requests wait or go to another model do what docs/guides/when-a-limit-is-reached.md says of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';
import { World } from './world.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const GUIDE = readFileSync(join(ROOT, 'docs/guides/when-a-limit-is-reached.md'), 'utf8');

/** Of whoever the limits hold for. */
const ROUTE = `apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: mock, namespace: support}
spec: {type: Mock}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: cheap-chat, namespace: support}
spec: {targets: [{model: mock/small}]}
`;

test('the AIBudget of the guide has a limit of each kind', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-limits-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const objects = [...GUIDE.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
  writeFileSync(join(folder, 'guide.yaml'), [...objects, ROUTE].join('---\n'));
  const { policy, faults } = await compileFiles([folder], { env: {} });
  assert.deepEqual(faults, []);
  assert.deepEqual(
    policy.budgets.map(({ onExceeded, queueForMs, downgradeTo }) => [onExceeded, queueForMs, downgradeTo]),
    [
      [undefined, undefined, undefined],
      ['Queue', 10_000, undefined],
      ['Downgrade', undefined, 'cheap-chat'],
    ],
  );
});

test('the example lets requests wait for the next minute, and lowers those of a user that has had his day', async (t) => {
  const { policy, faults } = await compileFiles([join(ROOT, 'examples/budgets/when-reached.yaml')], { env: {} });
  assert.deepEqual(faults, []);
  const [, fair] = policy.budgets;
  const world = new World(t, { providers: {}, routes: [] });
  assert.ok(world.parts.policies.applyPolicy(policy, 'example').applied);
  const [first, late] = [18_000, 15_000].map((maxTokens) => world.ask({ model: 'best-chat', maxTokens, user: 'ann' }));
  await world.settle();
  assert.equal(first?.told?.status, 200);
  assert.equal(late?.told?.status, 200, 'what the first one did not use is room for the second');
  const lowered = { ...policy, budgets: [{ ...fair, amount: '60' }] } as typeof policy;
  assert.ok(world.parts.policies.applyPolicy(lowered, 'small').applied);
  const { status, headers } = await world.ask({ model: 'best-chat', user: 'bob' }).done;
  assert.equal(status, 200);
  assert.equal(headers['x-remora-downgraded'], 'shop/limits/fair');
  assert.equal(headers['x-remora-target'], 'mock/small');
});
