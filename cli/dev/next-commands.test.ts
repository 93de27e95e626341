import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POLICY_FORMAT_VERSION, type Policy, type PolicyBudget, type PolicyTarget } from '#contract/policy/policy';
import { nextCommands } from './next-commands.ts';

const target = (name: string, outputPico: string | null): PolicyTarget => ({
  name,
  provider: `demo/${name.split('/')[0]}`,
  model: name.split('/')[1] ?? '',
  weight: null,
  maxRetries: 0,
  timeouts: { connectMs: 1, firstTokenMs: 1, idleMs: 1 },
  price: outputPico === null ? null : { inputPico: '1', cachedInputPico: '1', outputPico },
});

const budget = (unit: PolicyBudget['unit'], amount: string): PolicyBudget => ({
  ...{ id: 'demo/b/l', budget: 'demo/b', limit: 'l', scope: [], every: 'Day' as const },
  unit,
  amount,
});

interface Words {
  readonly models?: string[];
  readonly targets?: readonly PolicyTarget[];
  readonly budgets?: PolicyBudget[];
}

const text = ({ models = ['chat'], targets = [target('mock/a', '10')], budgets = [] }: Words): string => {
  const route = {
    key: 'demo/chat',
    models,
    totalMs: 1,
    rules: [{ match: { models: [], headers: [] }, targets: [...targets], fallbacks: [] }],
  };
  const mock = { key: 'demo/mock', type: 'Mock' as const, endpoint: '', credential: null, tags: [] };
  const policy: Policy = {
    formatVersion: POLICY_FORMAT_VERSION,
    sources: [],
    attribution: { namespace: 'demo', serviceAccount: 'default' },
    providers: [mock],
    routes: [route],
    modelRules: [],
    guardrails: [],
    budgets,
  };
  return nextCommands({ url: 'http://u', healthUrl: 'http://h', policy, files: ['f'], notes: [] });
};

const maxTokens = (words: Words): string | undefined => /"max_tokens":(\d+)/.exec(text(words))?.[1];

test('nextCommands() asks for so many tokens that every target would pass the cap, so that a refusal never costs', () => {
  const fiveUsd = [budget('nanoUsd', '5000000000')];
  const dear = target('openai/a', '10000000');
  const cheap = target('openai/b', '600000');
  assert.equal(maxTokens({ targets: [dear], budgets: fiveUsd }), '1000000', '10 USD a million');
  assert.equal(maxTokens({ targets: [dear, cheap], budgets: fiveUsd }), '10000000', '0.60 USD a million');
  assert.equal(maxTokens({ targets: [dear, target('x/free', '0')], budgets: fiveUsd }), undefined);
  assert.equal(maxTokens({ targets: [dear, target('x/unknown', null)], budgets: fiveUsd }), undefined);
  assert.equal(maxTokens({ targets: [cheap], budgets: [budget('tokens', '100000')] }), '1000000');
  assert.equal(maxTokens({ targets: [cheap] }), undefined, 'no budget');
});

test('nextCommands() shows a fallback only where a mock always fails and something follows it', () => {
  const fails = target('mock/status-503', null);
  const shows = (...targets: PolicyTarget[]): boolean => text({ targets }).includes('See a fallback');
  assert.deepEqual(
    [shows(fails, target('mock/a', '1')), shows(fails), shows(target('real/status-503', '1'), fails)],
    [true, false, false],
  );
});

test('nextCommands() asks by a name that stands for itself, in quotes that a shell keeps', () => {
  assert.match(text({ models: ['*', "it's"] }), /-d '\{"model":"it'\\''s",/);
  const onlyPattern = text({ models: ['*'] });
  assert.doesNotMatch(onlyPattern, /curl/);
  assert.match(text({ targets: [] }), /Models: chat; none of them has a target that can be used yet\./);
});
