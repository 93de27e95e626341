import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyProvider } from '#contract/policy/policy';
import { buildProvider } from '#test/support/build-policy';
import { adapterFor } from './index.ts';

type Knows = 'always' | 'unless it reasons' | 'never';

const compatible = (preset: PolicyProvider['preset']) => ({ type: 'OpenAICompatible', preset }) as const;

const ROWS: readonly (readonly [Partial<PolicyProvider>, Knows, readonly string[]])[] = [
  [{ type: 'OpenAI' }, 'always', ['gpt-4o', 'gpt-4.1-mini-2025-04-14', 'gpt-3.5-turbo', 'ft:gpt-4o-mini:org::id']],
  [
    { type: 'OpenAI' },
    'never',
    ['o1', 'o3-mini', 'o4-mini', 'gpt-5', 'gpt-5.2-chat-latest', 'gpt-6', 'codex-mini-latest'],
  ],
  [{ type: 'OpenAI' }, 'never', ['gpt-4o-search-preview', 'gpt-4o-audio-preview', 'ft:o4-mini:org::id', 'some-model']],
  [{ type: 'AzureOpenAI' }, 'always', ['gpt-4o', 'gpt-35-turbo']],
  [{ type: 'AzureOpenAI' }, 'never', ['gpt-5', 'o3', 'prod']],
  [
    { type: 'Anthropic' },
    'unless it reasons',
    ['claude-3-5-haiku-latest', 'claude-3-7-sonnet-20250219', 'claude-sonnet-4-5', 'claude-opus-4-6'],
  ],
  [{ type: 'Anthropic' }, 'never', ['claude-opus-5', 'claude-sonnet-40', 'some-model']],
  [{ type: 'Gemini' }, 'always', ['gemini-1.5-pro', 'gemini-2.0-flash', 'gemma-3-27b-it']],
  [{ type: 'Gemini' }, 'unless it reasons', ['gemini-2.5-flash-lite']],
  [
    { type: 'Gemini' },
    'never',
    [
      'gemini-2.5-pro',
      'gemini-2.5-flash',
      'gemini-3-pro-preview',
      'gemini-2.0-flash-thinking-exp',
      'gemini-2.5-flash-image',
    ],
  ],
  [{ type: 'VertexAI' }, 'always', ['gemini-2.0-flash-001']],
  [{ type: 'VertexAI' }, 'unless it reasons', ['claude-sonnet-4-5@20250929', 'gemini-2.5-flash-lite']],
  [{ type: 'VertexAI' }, 'never', ['gemini-2.5-pro', 'claude-opus-5']],
  [
    { type: 'Bedrock' },
    'always',
    ['amazon.nova-pro-v1:0', 'us.meta.llama3-3-70b-instruct-v1:0', 'mistral.mistral-large-2402-v1:0'],
  ],
  [{ type: 'Bedrock' }, 'unless it reasons', ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-v2:1']],
  [
    { type: 'Bedrock' },
    'never',
    [
      'openai.gpt-oss-120b-1:0',
      'amazon.nova-2-lite-v1:0',
      'deepseek.r1-v1:0',
      'arn:aws:bedrock:eu-west-1:1:application-inference-profile/x',
    ],
  ],
  [{ type: 'Cohere' }, 'always', ['command-r-plus', 'command-a-reasoning-08-2025']],
  [{ type: 'Mock' }, 'always', ['any']],
  [compatible('VLLM'), 'always', ['deepseek-r1', 'any']],
  [compatible('Mistral'), 'always', ['magistral-medium-latest', 'mistral-large-latest']],
  [compatible('DeepSeek'), 'always', ['deepseek-reasoner']],
  [compatible('Ollama'), 'never', ['gpt-oss:120b-cloud']],
  [compatible('XAI'), 'always', ['grok-3', 'grok-4-fast-non-reasoning']],
  [compatible('XAI'), 'never', ['grok-4', 'grok-4-fast-reasoning', 'grok-3-mini']],
  [compatible('OpenRouter'), 'never', ['openai/gpt-4o', 'meta-llama/llama-3.3-70b-instruct']],
  [compatible('Groq'), 'always', ['llama-3.3-70b-versatile']],
  [compatible('Groq'), 'never', ['openai/gpt-oss-120b']],
  [{ type: 'OpenAICompatible' }, 'always', ['meta-llama/Llama-3.1-8B-Instruct', 'mixtral-8x7b']],
  [{ type: 'OpenAICompatible' }, 'never', ['o3', 'some-model']],
];

test('models are told apart by whether a stream shows all that it bills, and who is not known does not', () => {
  for (const [parts, knows, models] of ROWS) {
    const { shownOutput: { always, unlessReasoning } = {} } = adapterFor(buildProvider('shop/any', parts));
    for (const model of models) {
      const known: Knows = always?.test(model)
        ? 'always'
        : unlessReasoning?.test(model)
          ? 'unless it reasons'
          : 'never';
      assert.equal(known, knows, `${parts.type} ${parts.preset ?? ''} ${model}`);
    }
  }
});
