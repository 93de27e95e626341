import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget, PolicyTarget } from '#contract/policy/policy';
import { buildBudget, buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { nextCommands } from './next-commands.ts';

const target = (name: string, outputPico: string | null): PolicyTarget =>
  buildTarget('demo', name, {
    price: outputPico === null ? null : { inputPico: '1', cachedInputPico: '1', outputPico },
  });

const budget = (unit: PolicyBudget['unit'], amount: string): PolicyBudget =>
  buildBudget('demo/b/l', BigInt(amount), { unit });

interface Words {
  readonly models?: string[];
  readonly targets?: readonly PolicyTarget[];
  readonly budgets?: PolicyBudget[];
}

const text = ({ models = ['chat'], targets = [target('mock/a', '10')], budgets = [] }: Words): string => {
  const policy = buildPolicy({
    attribution: { namespace: 'demo', serviceAccount: 'default' },
    providers: [buildProvider('demo/mock')],
    routes: [buildRoute('demo/chat', targets, { models })],
    budgets,
  });
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
  const lowers = { ...budget('tokens', '10'), onExceeded: 'Downgrade' as const, downgradeTo: 'other' };
  assert.equal(
    maxTokens({ targets: [cheap], budgets: [lowers] }),
    undefined,
    'it would be answered by the other model',
  );
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
