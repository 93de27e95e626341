/** An explanation says what the cache of a route would do, and leaves it as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from '#sidecar/pipeline/explain/explanation';
import { buildBudget } from '#test/support/build-policy';
import { ADA, ask, CACHE, type CacheStage, startCacheStage } from './cache-stage.ts';

const PATH = '/v1/chat/completions';
const CHAT = { model: 'chat', max_tokens: 100, messages: [{ role: 'user', content: 'Say hello.' }] };

async function explained(stage: CacheStage, body: object, headers: Record<string, string> = { ...ADA }) {
  const { text } = await ask(stage, PATH, body, { ...headers, 'x-remora-explain': 'true' });
  return JSON.parse(text) as Explanation;
}

test('an explanation tells a hit, also where a limit has nothing left, and a miss, and why a request is skipped', async (t) => {
  const budgets = [buildBudget('default/limits/requests', 1n, { unit: 'requests' })];
  const stage = await startCacheStage(t, { policy: { budgets } });
  assert.deepEqual((await explained(stage, CHAT)).cache, { result: 'miss', ...CACHE });
  await ask(stage, PATH, CHAT);
  const hit = await explained(stage, CHAT);
  assert.deepEqual([hit.outcome, hit.cache?.result, hit.refused], ['answered', 'hit', undefined]);
  const other = await explained(stage, { ...CHAT, seed: 1 });
  assert.deepEqual([other.outcome, other.cache?.result], ['refused', 'miss']);
  stage.clock.ms += CACHE.ttlMs;
  assert.equal((await explained(stage, CHAT)).cache?.result, 'miss');
  assert.deepEqual(stage.results(), ['miss'], 'nothing happened but the one request');
});

for (const [because, body, headers] of [
  ['NoUser', CHAT, {}],
  ['Asked', CHAT, { ...ADA, 'x-remora-cache': 'no-cache' }],
  ['Asked', CHAT, { ...ADA, 'x-remora-cache': 'no-store' }],
  ['SeveralAnswers', { ...CHAT, n: 2 }, ADA],
  ['Kept', { ...CHAT, store: true }, ADA],
  ['DoesMore', { ...CHAT, web_search_options: {} }, ADA],
] as const)
  test(`explanation and log say that a request is skipped: ${because}, ${JSON.stringify(headers)}`, async (t) => {
    const stage = await startCacheStage(t);
    assert.deepEqual((await explained(stage, body, headers)).cache, { result: 'skip', because, ...CACHE });
    await ask(stage, PATH, body, headers);
    const [record] = stage.running.records;
    assert.deepEqual([record?.cache, record?.cacheSkip], ['skip', because]);
  });
