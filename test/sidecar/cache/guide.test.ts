/** The examples of docs/guides/cache.md do what the guide says of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { ADA, ask } from './cache-stage.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../../../docs/guides/cache.md'), 'utf8');

/** A sidecar that runs all objects of the guide, before a fake of the provider that they name. */
async function runGuide(t: TestContext) {
  const openai = await startFakeProvider({ dialect: 'openai' });
  const folder = mkdtempSync(join(tmpdir(), 'remora-cache-guide-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  t.after(() => openai.close());
  const objects = [...GUIDE.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
  const provider = `apiVersion: remora.dev/v1alpha1\nkind: AIProvider\nmetadata: {name: openai, namespace: support}\nspec: {type: OpenAI, endpoint: "${openai.url}", auth: {secretRef: {name: key}}}\n`;
  const secret =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: support}\nstringData: {api-key: some-key}\n';
  writeFileSync(join(folder, 'guide.yaml'), [...objects, provider, secret].join('---\n'));
  const compiled = await compileFiles([folder], { env: {} });
  assert.deepEqual([compiled.faults, compiled.policy.routes.length], [[], 2]);
  const clock = { ms: 0 };
  const running = await startSidecar(t, { deps: { monotonicMs: () => clock.ms } });
  assert.ok(running.sidecar.sink.applyPolicy(compiled.policy, compiled.hash).applied);
  running.sidecar.sink.applyCredentials(compiled.credentials);
  return { openai, running, clock };
}

test('summaries are given again to their user for ten minutes, and to no other one', async (t) => {
  const { openai, running, clock } = await runGuide(t);
  const body = { model: 'summaries', messages: [{ role: 'user', content: 'Sum it up.' }] };
  const summary = async (headers: Record<string, string>, more = {}) =>
    (await ask({ running } as never, '/v1/chat/completions', { ...body, ...more }, headers)).cache;
  assert.deepEqual(
    [await summary(ADA), await summary(ADA), await summary(ADA, { stream: true })],
    ['miss', 'hit', 'hit'],
  );
  assert.deepEqual([await summary({ 'x-remora-user': 'bob' }), await summary({})], ['miss', 'skip']);
  clock.ms = 10 * 60_000 - 1;
  assert.equal(await summary(ADA), 'hit');
  clock.ms += 1;
  assert.equal(await summary(ADA), 'miss');
  assert.equal(openai.requests.length, 4);
});

test('searches are given again to everybody for an hour', async (t) => {
  const { openai, running, clock } = await runGuide(t);
  const search = async (headers: Record<string, string>) =>
    (await ask({ running } as never, '/v1/embeddings', { model: 'product-search', input: 'blue shoes' }, headers))
      .cache;
  assert.deepEqual([await search({}), await search(ADA)], ['miss', 'hit']);
  clock.ms = 3_600_000;
  assert.equal(await search({}), 'miss');
  assert.equal(openai.requests.length, 2);
});

test('the guide names every reason for which a request is skipped, and every metric', () => {
  const record = readFileSync(join(import.meta.dirname, '../../../sidecar/telemetry/request-record.ts'), 'utf8');
  const [, union = ''] = /export type CacheSkip =(.*?);/s.exec(record) ?? [];
  const reasons = [...union.matchAll(/\| '(\w+)'/g)].map(([, reason = '']) => reason);
  assert.ok(reasons.length > 8);
  for (const reason of [
    ...reasons,
    'remora_cache_requests_total',
    'remora_cache_bytes',
    'remora_cache_evictions_total',
  ])
    assert.ok(GUIDE.includes(reason), reason);
});
