/** The example of docs/guides/rate-limits.md is in effect, and means what the guide says of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';

const ROOT = join(import.meta.dirname, '..', '..');
const GUIDE = readFileSync(join(ROOT, 'docs/guides/rate-limits.md'), 'utf8');

test('the AIBudget of the guide is in effect, with the units, windows and zone that it states', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-limits-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(GUIDE) ?? [];
  const others = `apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: mock, namespace: shop}
spec: {type: Mock}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: shop}
spec: {targets: [{model: mock/m}]}
`;
  writeFileSync(join(folder, 'guide.yaml'), `${example}---\n${others}`);
  const { policy, faults } = await compileFiles([folder], { env: {} });
  assert.deepEqual(faults, []);
  assert.deepEqual(
    policy.budgets.map(({ limit, unit, every, timezone, soft }) => [limit, unit, every, timezone?.name, soft]),
    [
      ['money', 'nanoUsd', 'Day', 'Europe/Berlin', undefined],
      ['each-user', 'requests', 'Minute', undefined, undefined],
      ['prompts', 'inputTokens', 'Hour', 'Europe/Berlin', undefined],
      ['agents', 'nanoUsd', 'Run', undefined, undefined],
      ['watched', 'outputTokens', 'Hour', 'Europe/Berlin', true],
    ],
  );
});
