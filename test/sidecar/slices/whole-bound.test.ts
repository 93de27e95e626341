/** Where what is billed is more than what is seen, all that a stream may use is reserved before it is sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPENAI, SERVICES, type Service, startSliced } from './start-sliced.ts';

const CLAUDE = SERVICES.find(({ name }) => name === 'Anthropic') as Service;

const WHOLE: readonly (readonly [string, Service, string, object])[] = [
  ['a model that hides its reasoning', { ...OPENAI, model: 'gpt-5-mini' }, 'openai-chat', {}],
  ['a model that nobody knows', { ...OPENAI, model: 'next' }, 'openai-chat', {}],
  ['several answers', OPENAI, 'openai-chat', { n: 2 }],
  ['log probabilities', OPENAI, 'openai-chat', { logprobs: true }],
  ['other outputs than text', OPENAI, 'openai-chat', { modalities: ['text', 'audio'] }],
  [
    'thoughts that come as a summary',
    CLAUDE,
    'anthropic-messages',
    { thinking: { type: 'enabled', budget_tokens: 1024 } },
  ],
  ['thoughts by an effort', CLAUDE, 'openai-chat', { reasoning_effort: 'low' }],
  ['thoughts as the model likes', CLAUDE, 'anthropic-messages', { thinking: { type: 'adaptive' } }],
  [
    'tools that the provider runs',
    CLAUDE,
    'anthropic-messages',
    { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
  ],
];

for (const [what, service, dialect, more] of WHOLE)
  test(`${what}: a limit below the bound refuses before anything is sent`, async (t) => {
    const { provider, ask } = await startSliced(t, service, { amount: 5_000n });
    const { status, body } = await ask(dialect, more);
    assert.equal(status, 429, body);
    assert.match(body, /The request may use up to 8\d{3} tokens|The request may use up to 1\d{4} tokens/);
    assert.equal(provider.requests.length, 0);
  });

test('a model with a price for pictures or speech is reserved whole', async (t) => {
  const price = { inputPico: '1000', cachedInputPico: '1000', outputPico: '1000', outputAudioPico: '9000' };
  const { ask } = await startSliced(t, OPENAI, {
    amount: 5_000n,
    route: { targets: [{ provider: 'p', model: 'gpt-4o', price }] },
  });
  assert.equal((await ask()).status, 429);
});

test('a stream that cannot even begin is told what it needs to begin', async (t) => {
  const { ask } = await startSliced(t, OPENAI, { amount: 300n });
  const { status, body } = await ask();
  assert.equal(status, 429);
  assert.match(body, /The next part of the stream may use up to \d{3} tokens, while 300 tokens of 300 tokens remain/);
});
