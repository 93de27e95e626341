/** What the guides of alerts and of the kill switch show, and their examples, compile as they stand there and do what is said of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';
import { startSidecar } from '#test/sidecar/start-sidecar';

const ROOT = join(import.meta.dirname, '..', '..');
const ROUTE = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {remora.dev/team: agents, remora.dev/environment: prod}}
---
apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: mock, namespace: shop}
spec: {type: Mock}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: shop}
spec: {targets: [{model: mock/echo}]}
`;

/** The objects of a guide, and a route beside them. */
function guide(t: TestContext, name: string): string {
  const text = readFileSync(join(ROOT, 'docs/guides', name), 'utf8');
  const objects = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
  const folder = mkdtempSync(join(tmpdir(), 'remora-guide-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'guide.yaml'), [ROUTE, ...objects].join('---\n'));
  return folder;
}

async function answerOf(t: TestContext, path: string): Promise<{ status: number; text: string }> {
  const { policy, hash, faults } = await compileFiles([path], { env: {} });
  assert.deepEqual(faults, []);
  const { sidecar, url } = await startSidecar(t);
  assert.deepEqual(sidecar.sink.applyPolicy(policy, hash), { applied: true });
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  return { status: answer.status, text: await answer.text() };
}

test('the objects of the guide of alerts are in effect, and a laptop says that nobody is told there', async (t) => {
  const { policy, faults, notes } = await compileFiles([guide(t, 'alerts.md')], { env: {} });
  assert.deepEqual(faults, []);
  assert.deepEqual(
    policy.budgets.map(({ id }) => id),
    ['shop/environments/prod', 'shop/secret-address/prod', 'shop/airoute:support/day', 'shop/aiprovider:local/month'],
  );
  for (const object of ['AIBudget shop/environments', 'AIRoute shop/support', 'AIProvider shop/local'])
    assert.ok(notes.includes(`${object}: alerts are sent by the operator, so that here nobody is told`), object);
});

for (const [what, path, words] of [
  ['the guide', undefined, 'Stopped by AIBudget shop/caps: calls itself, see INC-7.'],
  [
    'the example',
    'examples/budgets/stopped.yaml',
    'Stopped by AIBudget demo/agents: An agent calls itself, see INC-7.',
  ],
] as const)
  test(`the AIBudget of ${what} of the kill switch refuses with the reason`, async (t) => {
    const { status, text } = await answerOf(t, path === undefined ? guide(t, 'kill-switch.md') : join(ROOT, path));
    assert.equal(status, 403);
    assert.ok(text.includes(words), text);
  });

test('the example of alerts is in effect', async () => {
  const path = join(ROOT, 'examples/budgets/alerts.yaml');
  const labels = { 'remora.dev/environment': 'dev' };
  const { policy, faults } = await compileFiles([path], { env: {}, namespace: 'demo', labels });
  assert.deepEqual([faults, policy.budgets.map(({ limit }) => limit)], [[], ['dev', 'each-user']]);
});
