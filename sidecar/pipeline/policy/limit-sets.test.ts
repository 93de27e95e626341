import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { buildBudget } from '#test/support/build-policy';
import { limitsOfAll, limitsOfKeys, limitsWith } from './limit-sets.ts';

const ofKey = (name: string, parts: Partial<PolicyBudget> = {}): PolicyBudget =>
  buildBudget(`shop/aikey:${name}/day`, 1n, { kind: 'AIKey', budget: `shop/${name}`, ...parts });
const ALL = buildBudget('shop/caps/all', 1n);
const COPIES = buildBudget('shop/caps/copies', 1n, { shadows: 'Only' });
const CI = ofKey('ci');
const WITHOUT_COPIES = ofKey('partner', { shadows: 'Exclude' });
const BUDGETS = [ALL, COPIES, CI, WITHOUT_COPIES];

test('limits of keys are apart from those of all, and copies have theirs', () => {
  assert.deepEqual(limitsOfAll(BUDGETS), { requests: [ALL], copies: [ALL, COPIES] });
  const keys = limitsOfKeys(BUDGETS);
  assert.deepEqual(keys.get('shop/ci'), { requests: [CI], copies: [CI] });
  assert.deepEqual(keys.get('shop/partner'), { requests: [WITHOUT_COPIES], copies: [] });
  assert.equal(keys.get('other/ci'), undefined);
});

test('what comes with a key counts against its limits too, and nothing is copied for what has none', () => {
  const { requests } = limitsOfAll(BUDGETS);
  assert.deepEqual(limitsWith(requests, [CI]), [ALL, CI]);
  assert.equal(limitsWith(requests), requests);
  assert.equal(limitsWith(requests, []), requests);
});
