/** The objects of docs/guides/hosted-tools.md are in effect, and a search costs what they state. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';
import { startGated } from './start-gated.ts';
import { postRaw } from './start-responses.ts';

const GUIDE = join(import.meta.dirname, '..', '..', 'docs/guides/hosted-tools.md');

const OTHERS = `apiVersion: v1
kind: Secret
metadata: {name: azure, namespace: research}
stringData: {api-key: some-key}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: research}
spec: {models: [chat], targets: [{model: azure/gpt-5}]}
`;

test('a search at Azure costs what the AIProvider of the guide states, and its AIBudget lets it through', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-tools-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const objects = [...readFileSync(GUIDE, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
  writeFileSync(join(folder, 'guide.yaml'), [...objects, OTHERS].join('---\n'));
  const compiled = await compileFiles([folder], { env: {} });
  assert.deepEqual([compiled.faults, compiled.policy.budgets.length], [[], 1]);

  const { provider, running, gate, overruns } = await startGated(t, {
    ...{ dialect: 'azure-responses', answer: { usage: { inputTokens: 1_000, outputTokens: 10 }, searches: 3 } },
  });
  const providers = compiled.policy.providers.map((each) => ({ ...each, endpoint: provider.url }));
  assert.ok(running.sidecar.sink.applyPolicy({ ...compiled.policy, providers }, compiled.hash).applied);
  running.sidecar.sink.applyCredentials(compiled.credentials);

  const answer = await postRaw(running.url, {
    model: 'chat',
    input: 'What is new?',
    tools: [{ type: 'web_search_preview' }],
  });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(provider.requests[0]?.body?.max_tool_calls, 5);
  const [row] = gate.records(1);
  // 1,000 tokens at 1.25 and 10 at 10 dollars a million, three searches at 14 dollars a thousand.
  assert.deepEqual([row?.toolUnits, row?.costNanoUsd], [3, 1_250_000n + 100_000n + 42_000_000n]);
  assert.deepEqual(overruns, []);
});
