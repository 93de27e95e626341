import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { readUsage as anthropic } from './anthropic-messages/read-usage.ts';
import { readUsage as bedrock } from './bedrock-converse/read-usage.ts';
import { readUsage as gemini } from './gemini-generate-content/read-usage.ts';
import { readUsage as openai } from './openai-chat/read-usage.ts';
import { readUsage as responses } from './openai-responses/read-usage.ts';

test('readUsage() of Messages keeps cache writes of an hour apart from those of five minutes', () => {
  const counts = { input_tokens: 1, cache_creation_input_tokens: 100, output_tokens: 2 };
  const usage = (cache_creation: { [name: string]: number }) => anthropic({ usage: { ...counts, cache_creation } });
  const common = { ...NO_USAGE, inputTokens: 1, outputTokens: 2 };
  const split = { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 70 };
  assert.deepEqual(usage(split), { ...common, cacheWriteTokens: 30, cacheWrite1hTokens: 70 });
  assert.deepEqual(usage({}), { ...common, cacheWriteTokens: 100 });
});

test('readUsage() of Converse keeps cache writes of an hour apart from those of five minutes', () => {
  const usage = { inputTokens: 1, outputTokens: 2, cacheWriteInputTokens: 100 };
  const cacheDetails = [
    { ttl: '1h', inputTokens: 70 },
    { ttl: '5m', inputTokens: 30 },
  ];
  const common = { ...NO_USAGE, inputTokens: 1, outputTokens: 2 };
  assert.deepEqual(bedrock({ usage: { ...usage, cacheDetails } }), {
    ...common,
    cacheWriteTokens: 30,
    cacheWrite1hTokens: 70,
  });
  assert.deepEqual(bedrock({ usage }), { ...common, cacheWriteTokens: 100 });
});

test('readUsage() of Gemini keeps audio and images apart from text, but for what of them a cache held', () => {
  const usageMetadata = {
    promptTokenCount: 100,
    cachedContentTokenCount: 20,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: 10 },
      { modality: 'AUDIO', tokenCount: 60 },
      { modality: 'IMAGE', tokenCount: 30 },
    ],
    cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 20 }],
    candidatesTokenCount: 50,
    candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 45 }],
  };
  assert.deepEqual(gemini({ usageMetadata }), {
    ...NO_USAGE,
    inputTokens: 10,
    inputAudioTokens: 40,
    inputImageTokens: 30,
    cacheReadTokens: 20,
    outputTokens: 5,
    outputImageTokens: 45,
  });
});

test('readUsage() of Chat Completions keeps audio apart in both directions', () => {
  const usage = {
    prompt_tokens: 20,
    prompt_tokens_details: { audio_tokens: 12, cached_tokens: 3 },
    completion_tokens: 9,
    completion_tokens_details: { audio_tokens: 7 },
  };
  assert.deepEqual(openai({ usage }), {
    ...NO_USAGE,
    inputTokens: 5,
    inputAudioTokens: 12,
    cacheReadTokens: 3,
    outputTokens: 2,
    outputAudioTokens: 7,
  });
});

test('readUsage() tells the tier of service where it is not the standard one, in the place where each API has it', () => {
  const messages = { input_tokens: 1, output_tokens: 2 };
  const chat = { prompt_tokens: 1, completion_tokens: 2 };
  const told: readonly (readonly [string | undefined, { readonly serviceTier?: string } | undefined])[] = [
    ['flex', openai({ service_tier: 'flex', usage: chat })],
    ['priority', responses({ service_tier: 'priority', usage: messages })],
    ['priority', anthropic({ usage: { ...messages, service_tier: 'priority' } })],
    ['fast', anthropic({ usage: { ...messages, service_tier: 'standard', speed: 'fast' } })],
    ['flex', gemini({ usageMetadata: { promptTokenCount: 1, serviceTier: 'flex' } })],
    [undefined, openai({ service_tier: 'default', usage: chat })],
    [undefined, responses({ service_tier: 'default', usage: messages })],
    [undefined, anthropic({ usage: { ...messages, service_tier: 'standard', speed: 'standard' } })],
    [undefined, gemini({ usageMetadata: { promptTokenCount: 1 } })],
  ];
  for (const [tier, usage] of told) assert.equal(usage?.serviceTier, tier, JSON.stringify(usage));
});

test('readUsage() of Messages counts what was read and written to compact earlier turns', () => {
  const iterations = [
    { type: 'compaction', input_tokens: 60_000, output_tokens: 500, cache_read_input_tokens: 9 },
    { type: 'message', input_tokens: 600, output_tokens: 40 },
  ];
  const usage = { input_tokens: 600, output_tokens: 40, iterations, service_tier: 'priority' };
  assert.deepEqual(anthropic({ usage }), {
    ...NO_USAGE,
    inputTokens: 60_600,
    cacheReadTokens: 9,
    outputTokens: 540,
    serviceTier: 'priority',
  });
  assert.deepEqual(anthropic({ usage: { input_tokens: 1, output_tokens: 2, iterations: iterations.slice(1) } }), {
    ...NO_USAGE,
    inputTokens: 1,
    outputTokens: 2,
  });
});
