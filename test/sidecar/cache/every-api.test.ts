/** An answer is given again to clients of every API, whole or streamed, whichever the first was and whoever gave it; and each time it leaves one row that costs nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#test/sidecar/start-sidecar';
import { ADA, ask, type CacheStage, CLIENTS, type Client, heard, startCacheStage } from './cache-stage.ts';

const FORMS = [false, true];
const nameOf = (stream: boolean): string => (stream ? 'streamed' : 'whole');

const CALL = { id: 'call_1', name: 'weather', arguments: '{"city":"Köln"}' };

const PROVIDERS = [
  { type: 'OpenAI', fake: 'openai' },
  { type: 'OpenAI', fake: 'openai-responses' },
  { type: 'Anthropic', fake: 'anthropic' },
  { type: 'Gemini', fake: 'gemini' },
] as const;

async function tell(stage: CacheStage, client: Client, stream: boolean) {
  const answer = await ask(stage, client.path(stream), client.body(stream));
  assert.equal(answer.status, 200, answer.text);
  return { ...answer, heard: await heard(client, stream, answer.text) };
}

for (const [name, client] of Object.entries(CLIENTS))
  for (const { type, fake } of PROVIDERS) {
    if (fake === 'openai-responses' && name !== 'Responses') continue;
    if (fake === 'openai' && name === 'Responses') continue;
    for (const first of FORMS)
      for (const second of FORMS)
        test(`${name}: what ${fake} answered ${nameOf(first)} is given again ${nameOf(second)}`, async (t) => {
          const stage = await startCacheStage(t, { type, fake });
          stage.provider.respondWith({
            text: 'Hello from afar.',
            toolCalls: [CALL],
            usage: { inputTokens: 20, outputTokens: 30 },
          });
          const before = await tell(stage, client, first);
          const again = await tell(stage, client, second);
          assert.deepEqual([before.cache, again.cache], ['miss', 'hit']);
          assert.deepEqual(again.heard, before.heard);
          assert.deepEqual(again.heard.calls, [['weather', { city: 'Köln' }]]);
          assert.deepEqual(again.heard.tokens, [20, 30], 'the usage that the first one told');
          assert.equal(stage.provider.requests.length, 1);
          assert.equal(again.headers.get('x-remora-target'), 'p/gpt-4o');
          assert.equal(again.headers.get('x-remora-attempts'), '0');
          if (!second) assert.equal(again.headers.get('x-remora-cost-usd'), '0.00');
          await until(() => stage.rows().length === 2, 'both rows are kept');
          const [paid, row] = stage.rows();
          assert.deepEqual([paid?.outcome, paid?.billing], ['ok', 'reported']);
          assert.deepEqual([row?.outcome, row?.billing, row?.costNanoUsd], ['cached', 'nothing', 0n]);
          assert.deepEqual([row?.inputTokens, row?.outputTokens, row?.attempt], [0, 0, 1]);
          assert.deepEqual(
            [row?.route, row?.rule, row?.provider, row?.model, row?.user, row?.team],
            ['default/route-0', '0', 'default/p', 'gpt-4o', 'ada', 'data'],
          );
          assert.deepEqual(stage.running.faults, []);
        });
  }

const OTHERS = {
  'text completions': ['/v1/completions', { model: 'chat', prompt: 'Say hello.' }],
  embeddings: ['/v1/embeddings', { model: 'chat', input: ['one', 'two'] }],
  rerank: ['/v1/rerank', { model: 'chat', query: 'fish', documents: ['a fish', 'a bird'] }],
  moderations: ['/v1/moderations', { model: 'chat', input: 'Is this harmful?' }],
} as const;

for (const [name, [path, body]] of Object.entries(OTHERS))
  test(`${name} are given again as they were`, async (t) => {
    const stage = await startCacheStage(t, { type: 'OpenAICompatible' });
    const before = await ask(stage, path, body);
    assert.equal(before.status, 200, before.text);
    const again = await ask(stage, path, body);
    assert.deepEqual([before.cache, again.cache, stage.provider.requests.length], ['miss', 'hit', 1]);
    const { usage: _, ...told } = JSON.parse(again.text);
    const { usage: __, ...first } = JSON.parse(before.text);
    if (name === 'text completions') assert.equal(told.choices[0].text, first.choices[0].text);
    else assert.deepEqual(told, first);
  });

for (const [name, path, body] of [
  ['pictures', '/v1/images/generations', { model: 'chat', prompt: 'A fish.' }],
  ['speech', '/v1/audio/speech', { model: 'chat', input: 'Hello.', voice: 'alloy' }],
] as const)
  test(`${name} are made anew each time`, async (t) => {
    const stage = await startCacheStage(t);
    for (const _ of [1, 2]) assert.equal((await ask(stage, path, body, ADA)).cache, 'skip');
    assert.equal(stage.provider.requests.length, 2);
  });
