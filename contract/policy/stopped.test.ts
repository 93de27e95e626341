import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from './policy.ts';
import { stopOf } from './stopped.ts';

const LIMIT: PolicyBudget = {
  ...{ id: 'shop/caps/all', budget: 'shop/caps', limit: 'all', scope: [], per: [] },
  ...{ unit: 'tokens', amount: '1', every: 'Day' },
};
const STOPPED: PolicyBudget = { ...LIMIT, stop: {} };

test('a stop holds for the whole workload, unless it covers copies alone or asks for something of the request', () => {
  const ofSome = { ...STOPPED, where: { provider: 'openai' } };
  const ofCopies: PolicyBudget = { ...STOPPED, shadows: 'Only' };
  assert.equal(stopOf({ budgets: [LIMIT, ofSome, ofCopies] }), undefined);
  assert.equal(stopOf({ budgets: [LIMIT, ofSome, STOPPED] }), STOPPED);
});
