/** What each API counts together and what apart: our kinds never overlap, and add up to what the provider bills. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { costOf, tokensOf } from '#sidecar/budget/price';
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import { readUsage as anthropic } from './anthropic-messages/read-usage.ts';
import { readUsage as bedrock } from './bedrock-converse/read-usage.ts';
import { readUsage as cohere } from './cohere-chat/read-usage.ts';
import { readUsage as gemini } from './gemini-generate-content/read-usage.ts';
import { readUsage as chat } from './openai-chat/read-usage.ts';
import { readUsage as responses } from './openai-responses/read-usage.ts';

interface Case {
  readonly promise: string;
  readonly read: (body: JsonObject) => Usage | undefined;
  readonly body: JsonObject;
  /** Fresh input, read from a cache, all input; reasoning, all output. */
  readonly counts: readonly [fresh: number, cached: number, input: number, reasoning: number, output: number];
}

const PRICE = { inputPico: '1000', cachedInputPico: '100', outputPico: '4000' };

const CASES: readonly Case[] = [
  {
    promise: 'Chat Completions: the prompt includes what a cache gave and took',
    read: chat,
    body: {
      usage: {
        prompt_tokens: 100,
        completion_tokens: 5,
        total_tokens: 105,
        prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
      },
    },
    counts: [10, 60, 100, 0, 5],
  },
  {
    promise:
      'Chat Completions: the completion includes reasoning, audio and a prediction that was rejected, which is billed as output',
    read: chat,
    body: {
      usage: {
        prompt_tokens: 10,
        completion_tokens: 50,
        total_tokens: 60,
        completion_tokens_details: {
          reasoning_tokens: 20,
          audio_tokens: 8,
          accepted_prediction_tokens: 4,
          rejected_prediction_tokens: 6,
        },
      },
    },
    counts: [10, 0, 10, 20, 50],
  },
  {
    promise: 'Responses: input includes what a cache gave and took, output includes reasoning',
    read: responses,
    body: {
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
        output_tokens: 50,
        output_tokens_details: { reasoning_tokens: 20 },
        total_tokens: 150,
      },
    },
    counts: [10, 60, 100, 20, 50],
  },
  {
    promise: 'Messages: input excludes what a cache gave and took, output includes thinking',
    read: anthropic,
    body: {
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 60,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
        output_tokens: 50,
        output_tokens_details: { thinking_tokens: 20 },
      },
    },
    counts: [10, 60, 100, 20, 50],
  },
  {
    promise: 'Gemini: the prompt includes what a cache gave, candidates exclude thoughts, and tools add to the prompt',
    read: gemini,
    body: {
      usageMetadata: {
        promptTokenCount: 70,
        cachedContentTokenCount: 60,
        candidatesTokenCount: 30,
        thoughtsTokenCount: 20,
        toolUsePromptTokenCount: 5,
        totalTokenCount: 125,
      },
    },
    counts: [15, 60, 75, 20, 50],
  },
  {
    promise: 'Bedrock: input excludes what a cache gave and took',
    read: bedrock,
    body: {
      usage: {
        inputTokens: 10,
        cacheReadInputTokens: 60,
        cacheWriteInputTokens: 30,
        outputTokens: 50,
        totalTokens: 150,
      },
    },
    counts: [10, 60, 100, 0, 50],
  },
  {
    promise: "Cohere: what is billed counts, without the vendor's own prompt around the request",
    read: cohere,
    body: {
      usage: {
        billed_units: { input_tokens: 10, output_tokens: 5 },
        tokens: { input_tokens: 510, output_tokens: 7 },
      },
    },
    counts: [10, 0, 10, 0, 5],
  },
];

for (const { promise, read, body, counts } of CASES)
  test(promise, () => {
    const usage = read(body);
    assert.ok(usage);
    const { inputTokens, cacheReadTokens, reasoningTokens } = usage;
    const input = totalInputTokens(usage);
    assert.deepEqual([inputTokens, cacheReadTokens, input, reasoningTokens, totalOutputTokens(usage)], counts);
  });

/** What a provider may write in the place of any count. */
const HOSTILE = fc.oneof(
  fc.nat(),
  fc.constantFrom<JsonObject[string]>(-1, 0.5, 1e300, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, null),
  fc.constantFrom<JsonObject[string]>('7', true, [], {}, '__proto__'),
);

/** The body with another value in the place of each number. */
const damaged = (value: JsonObject[string], next: () => JsonObject[string]): JsonObject[string] => {
  if (typeof value === 'number') return next();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, damaged(one ?? null, next)]));
};

for (const { promise, read, body } of CASES)
  test(`${promise}; whatever is told instead, each kind is a count`, () => {
    fc.assert(
      fc.property(fc.array(HOSTILE, { minLength: 12, maxLength: 12 }), (values) => {
        const rest = values.values();
        const usage = read(Object(damaged(body, () => rest.next().value ?? 0)));
        const { toolCalls = {}, serviceTier: _, ...tokens } = usage ?? NO_USAGE;
        for (const [kind, count] of Object.entries<number>({ ...tokens, ...toolCalls }))
          assert.ok(Number.isInteger(count) && count >= 0, `${kind} ${count}`);
        assert.ok(usage === undefined || tokensOf(usage) >= 0n);
        assert.ok(usage === undefined || costOf(PRICE, usage) >= 0n);
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });
