import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionsOf } from './compile.ts';
import { MODEL_CAPABILITIES } from './model-capabilities.ts';
import { PRICE_BOOK } from './price-book.ts';
import { ResourceIndex } from './resource-index.ts';

test('every model whose abilities are known stands in the price book under the same vendor and name', () => {
  for (const [vendor, rows] of Object.entries(MODEL_CAPABILITIES))
    for (const model of Object.keys(rows))
      assert.ok(PRICE_BOOK.prices[vendor]?.[model], `${vendor}: ${model} has no price`);
});

test('however many targets lack something, both warnings and what to do fit into the message', () => {
  const index = new ResourceIndex({ platformNamespaces: ['remora-system'] });
  const metadata = (name: string) => ({ name, namespace: 'shop', generation: 1 });
  const name = (letter: string) => letter.repeat(63);
  const secretRef = { name: 'keys' };
  index.applySecretKeys('shop', 'keys', ['api-key']);
  for (const [letter, spec] of [
    ['a', { type: 'OpenAI', auth: { secretRef } }],
    ['b', { type: 'OpenAICompatible', preset: 'Groq', auth: { secretRef } }],
    ['c', { type: 'OpenAICompatible', endpoint: 'http://vllm:8000/v1' }],
  ] as const)
    index.apply({ apiVersion: 'remora.dev/v1alpha1', kind: 'AIProvider', metadata: metadata(name(letter)), spec });
  const limits = [{ name: 'all', usd: 1, every: 'Day' }];
  index.apply({ apiVersion: 'remora.dev/v1alpha1', kind: 'AIBudget', metadata: metadata('all'), spec: { limits } });
  const rules = Array.from({ length: 16 }, (_, rule) => ({
    targets: [{ model: `${name('a')}/gpt-4.1` }],
    fallbacks: [{ model: `${name('b')}/qwen/qwen3-32b` }, { model: `${name('c')}/${'x'.repeat(180)}${rule}` }],
  }));
  index.apply({ apiVersion: 'remora.dev/v1alpha1', kind: 'AIRoute', metadata: metadata('chat'), spec: { rules } });
  const conditions = conditionsOf(index.snapshot()).get('AIRoute/shop/chat') ?? [];
  const message = conditions.find(({ type }) => type === 'ResolvedRefs')?.message ?? '';
  assert.ok(message.length <= 2_000, `${message.length} characters`);
  assert.match(message, /^The price of c{63}\/x+0, .* and 13 more is unknown, .*; state it in spec\.models/);
  assert.match(message, /And 13 more\. Requests that need it fail there: choose another model/);
});
