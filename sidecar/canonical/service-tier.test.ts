import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedServiceTier, servedIn } from './service-tier.ts';

test('askedServiceTier() reads what any API calls it; what leaves it to the account is undefined', () => {
  assert.equal(askedServiceTier({ service_tier: 'flex' }), 'flex');
  assert.equal(askedServiceTier({ serviceTier: 'SERVICE_TIER_PRIORITY' }), 'priority');
  for (const word of ['default', 'standard', 'standard_only', 'on_demand', 'SERVICE_TIER_STANDARD'])
    assert.equal(askedServiceTier({ service_tier: word }), 'standard', word);
  for (const word of ['auto', '', null, 3, undefined, 'SERVICE_TIER_UNSPECIFIED'])
    assert.equal(askedServiceTier({ service_tier: word as string }), undefined, String(word));
  assert.equal(askedServiceTier({ service_tier: 'standard_only', speed: 'fast' }), 'fast');
  assert.equal(askedServiceTier({ speed: 'standard' }), undefined);
});

test('servedIn() says nothing of the standard tier, so that most usages have no tier at all', () => {
  for (const told of ['default', 'standard', 'auto', undefined, null]) assert.equal(servedIn(told), undefined);
  assert.deepEqual(servedIn('priority'), { serviceTier: 'priority' });
  assert.deepEqual(servedIn('standard', 'fast'), { serviceTier: 'fast' });
});
