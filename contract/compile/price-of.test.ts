import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aiProvider } from '#contract/resources/ai-provider';
import { PROVIDER_TYPE, PROVIDER_TYPES } from '#contract/resources/provider-type';
import { PRICE_BOOK } from './price-book.ts';
import { priceOf } from './price-of.ts';

test('a type of provider names a vendor of the price book, so that its list prices are found', () => {
  for (const type of PROVIDER_TYPES) {
    const { prices } = PROVIDER_TYPE[type];
    if (typeof prices === 'object') assert.ok(PRICE_BOOK[prices.vendor], `${type}: ${prices.vendor} has no rows`);
  }
});

test('a model of Bedrock is found through the prefix of its inference profile and in an ARN; a geography may cost more', () => {
  const { spec } = aiProvider.parse({
    kind: 'AIProvider',
    metadata: { name: 'bedrock', namespace: 'shop' },
    spec: { type: 'Bedrock', aws: { region: 'us-east-1' }, auth: { secretRef: { name: 'aws' } } },
  });
  const input = (model: string) => priceOf(spec, model, PRICE_BOOK)?.inputPico;
  const haiku = 'anthropic.claude-haiku-4-5-20251001-v1:0';
  assert.equal(input(haiku), '1000000');
  assert.equal(input(`global.${haiku}`), '1000000');
  for (const geography of ['us', 'eu', 'apac', 'jp', 'au']) assert.equal(input(`${geography}.${haiku}`), '1100000');
  assert.equal(input('us.meta.llama3-3-70b-instruct-v1:0'), '720000');
  const arn = 'arn:aws:bedrock:us-east-1:123456789012';
  assert.equal(input(`${arn}:inference-profile/us.${haiku}`), '1100000');
  assert.equal(input('arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0'), '800000');
  assert.equal(input(`${arn}:application-inference-profile/0a1b2c3d4e5f`), undefined);
  assert.equal(input('us.nobody.knows-v1:0'), undefined);
});

test('a cache write of Claude costs 1.25 times the input, and twice the input for an hour, whoever serves it', () => {
  let found = 0;
  for (const [vendor, rows] of Object.entries(PRICE_BOOK))
    for (const [model, [input, , , others]] of Object.entries(rows)) {
      if (!model.includes('claude')) continue;
      found += 1;
      assert.deepEqual(others, { cacheWrite: input * 1.25, cacheWrite1h: input * 2 }, `${vendor}/${model}`);
    }
  assert.ok(found > 30, String(found));
});

test('every price is a whole number of pico-dollars', () => {
  for (const rows of Object.values(PRICE_BOOK))
    for (const [model, [input, cached, output, others = {}]] of Object.entries(rows))
      for (const price of [input, cached, output, ...Object.values(others)]) assert.ok(Number.isInteger(price), model);
});
