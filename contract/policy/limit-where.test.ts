import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBudget, buildTarget } from '#test/support/build-policy';
import type { PartitionedRequest } from './book-id.ts';
import { counts, mayCount } from './limit-where.ts';
import type { PolicyBudget } from './policy.ts';

const ROUTE = 'shop/chat';
const TARGET = buildTarget('shop', 'openai/gpt-4o');
const where = (stated: PolicyBudget['where']): PolicyBudget => buildBudget('shop/limits/one', 1n, { where: stated });

const REQUEST: PartitionedRequest = {
  caller: {
    attribution: { namespace: 'shop', serviceAccount: 'app', feature: 'mail' },
    ...{ user: 'ann', session: 's1', run: 'r1' },
  },
  route: ROUTE,
  target: TARGET,
};

test('a limit of a route, a provider or a model counts there, by name or by namespace and name, and nowhere else', () => {
  const here: PolicyBudget['where'][] = [
    undefined,
    { route: 'chat' },
    { route: 'shop/chat' },
    { provider: 'openai' },
    { provider: 'shop/openai', model: 'gpt-4o' },
  ];
  for (const stated of here) assert.ok(mayCount(where(stated), ROUTE, TARGET), JSON.stringify(stated));
  const elsewhere: PolicyBudget['where'][] = [
    { route: 'at' },
    { route: 'other/chat' },
    { provider: 'ai' },
    { provider: 'other/openai' },
    { model: 'gpt-4' },
    { route: 'chat', provider: 'openai', model: 'gpt-4' },
  ];
  for (const stated of elsewhere) assert.ok(!mayCount(where(stated), ROUTE, TARGET), JSON.stringify(stated));
});

test('a target that passes the asked name on may count for each model, and counts for the one that is asked for', () => {
  const target = buildTarget('shop', 'openai/*');
  assert.ok(mayCount(where({ model: 'gpt-4o' }), ROUTE, target));
  assert.ok(counts(where({ model: 'gpt-4o' }), { ...REQUEST, target, model: 'gpt-4o' }));
  assert.ok(!counts(where({ model: 'gpt-4o' }), { ...REQUEST, target, model: 'gpt-5' }));
});

test('a limit of what requests say counts those that say all of it', () => {
  for (const [scope, value] of Object.entries({ user: 'ann', feature: 'mail', session: 's1', run: 'r1' })) {
    assert.ok(counts(where({ [scope]: value }), REQUEST), scope);
    assert.ok(!counts(where({ [scope]: `${value}x` }), REQUEST), scope);
    assert.ok(!counts(where({ ...{ user: 'ann', run: 'r1' }, [scope]: 'other' }), REQUEST), scope);
  }
  const keyed = { ...REQUEST, caller: { ...REQUEST.caller, key: 'shop/ci' } };
  for (const stated of ['ci', 'shop/ci']) assert.ok(counts(where({ key: stated }), keyed), stated);
  for (const stated of ['i', 'other/ci', 'shop']) assert.ok(!counts(where({ key: stated }), keyed), stated);
  assert.ok(!counts(where({ key: 'ci' }), REQUEST));
  const sales = { ...REQUEST.caller.attribution, team: 'sales' };
  const ofSales = { ...REQUEST, caller: { ...REQUEST.caller, attribution: sales } };
  assert.ok(counts(where({ team: 'sales' }), ofSales));
  assert.ok(!counts(where({ team: 'sales', environment: 'prod' }), ofSales));
  assert.ok(!counts(where({ team: 'sales' }), REQUEST));
  const silent = { ...REQUEST, caller: { ...REQUEST.caller, user: undefined, run: '' } };
  assert.ok(!counts(where({ user: 'ann' }), silent));
  assert.ok(!counts(where({ run: 'r1' }), silent));
  assert.ok(counts(where({ feature: 'mail' }), silent));
});
