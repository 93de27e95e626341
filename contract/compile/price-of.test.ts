import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aiProvider } from '#contract/resources/ai-provider';
import { PROVIDER_TYPE, PROVIDER_TYPES } from '#contract/resources/provider-type';
import { PRICE_BOOK } from './price-book.ts';
import { priceBook, priceBookVersion } from './price-book-schema.ts';
import { priceOf } from './price-of.ts';

test('a type of provider names a vendor of the price book, so that its list prices are found', () => {
  for (const type of PROVIDER_TYPES) {
    const { prices } = PROVIDER_TYPE[type];
    if (typeof prices === 'object')
      assert.ok(PRICE_BOOK.prices[prices.vendor], `${type}: ${prices.vendor} has no rows`);
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

test('a cache write of Claude costs 1.25 times the input, and twice the input for an hour, whoever serves it and in every tier', () => {
  let found = 0;
  for (const [vendor, rows] of Object.entries(PRICE_BOOK.prices))
    for (const [model, row] of Object.entries(rows)) {
      if (!model.includes('claude')) continue;
      found += 1;
      for (const rates of [row, ...(row.tiers ?? []).map((tier) => ({ ...row, ...tier }))]) {
        const { input, cacheWrite, cacheWrite1h } = rates;
        assert.deepEqual([cacheWrite, cacheWrite1h], [input * 1.25, input * 2], `${vendor}/${model}`);
      }
    }
  assert.ok(found > 30, String(found));
});

test('the built-in book passes the schema of a fetched one, and says where the prices of each vendor are from', () => {
  assert.deepEqual(priceBook.parse(JSON.parse(JSON.stringify(PRICE_BOOK))), PRICE_BOOK);
  assert.deepEqual(Object.keys(PRICE_BOOK.sources), Object.keys(PRICE_BOOK.prices));
});

test('the version of a book tells its date and changes with any price', () => {
  const version = priceBookVersion(PRICE_BOOK);
  assert.match(version, /^2026-11-22-[0-9a-f]{12}$/);
  const again = structuredClone(PRICE_BOOK);
  assert.equal(priceBookVersion(again), version);
  const dearer = structuredClone(PRICE_BOOK);
  const row = dearer.prices.openai?.['gpt-4o'];
  assert.ok(row);
  row.input += 1;
  assert.notEqual(priceBookVersion(dearer), version);
});

const SPEC = aiProvider.parse({
  kind: 'AIProvider',
  metadata: { name: 'any', namespace: 'shop' },
  spec: { type: 'OpenAI', auth: { secretRef: { name: 'key' } } },
}).spec;

test('a list price has every tier with all its rates, and none for tiers that the list does not name', () => {
  const price = priceOf(SPEC, 'gpt-5.5', PRICE_BOOK);
  assert.deepEqual(price, {
    inputPico: '5000000',
    cachedInputPico: '500000',
    outputPico: '30000000',
    webSearchPico: '10000000000',
    webSearchPreviewPico: '10000000000',
    fileSearchPico: '2500000000',
    tiers: [
      { aboveInputTokens: 272_000, inputPico: '10000000', cachedInputPico: '1000000', outputPico: '45000000' },
      { serviceTier: 'flex', inputPico: '2500000', cachedInputPico: '250000', outputPico: '15000000' },
      { serviceTier: 'priority', inputPico: '12500000', cachedInputPico: '1250000', outputPico: '75000000' },
      {
        aboveInputTokens: 272_000,
        serviceTier: 'flex',
        inputPico: '5000000',
        cachedInputPico: '500000',
        outputPico: '22500000',
      },
      {
        aboveInputTokens: 272_000,
        serviceTier: 'priority',
        inputPico: '25000000',
        cachedInputPico: '2500000',
        outputPico: '112500000',
      },
    ],
    otherServiceTiers: 'Unknown',
  });
});

test('what a tier leaves out is as the model states it', () => {
  const models = aiProvider.shape.spec.parse({
    ...SPEC,
    models: [
      {
        name: 'own',
        inputUsdPerMillion: 1,
        outputUsdPerMillion: 4,
        inputAudioUsdPerMillion: 9,
        tiers: [{ aboveInputTokens: 128_000, inputUsdPerMillion: 2 }],
      },
    ],
  }).models;
  assert.deepEqual(priceOf({ ...SPEC, models }, 'own', PRICE_BOOK), {
    inputPico: '1000000',
    cachedInputPico: '1000000',
    inputAudioPico: '9000000',
    outputPico: '4000000',
    tiers: [
      {
        aboveInputTokens: 128_000,
        inputPico: '2000000',
        cachedInputPico: '1000000',
        inputAudioPico: '9000000',
        outputPico: '4000000',
      },
    ],
  });
});

const at = (type: string, more: object = {}, models: object[] = []) =>
  aiProvider.shape.spec.parse({ type, auth: { secretRef: { name: 'key' } }, ...more, models });

test('the prices of a vendor’s tools hold where the vendor itself is asked, and are unknown at a cloud that serves its models', () => {
  const ofTools = (spec: ReturnType<typeof at>, model: string) => {
    const { webSearchPico, webSearchPreviewPico, fileSearchPico } = priceOf(spec, model, PRICE_BOOK) ?? {};
    return [webSearchPico, webSearchPreviewPico, fileSearchPico];
  };
  const TEN = '10000000000';
  const none = [undefined, undefined, undefined];
  assert.deepEqual(ofTools(at('OpenAI'), 'gpt-5'), [TEN, TEN, '2500000000']);
  assert.deepEqual(ofTools(at('OpenAI'), 'gpt-4.1'), [TEN, '25000000000', '2500000000']);
  // Of the block of tokens that a search of these bills nobody says whether the answer counts it.
  assert.deepEqual(ofTools(at('OpenAI'), 'gpt-4o-mini'), [undefined, '25000000000', '2500000000']);
  assert.deepEqual(ofTools(at('OpenAI'), 'text-embedding-3-small'), none);
  assert.deepEqual(ofTools(at('Anthropic'), 'claude-sonnet-4-5'), [TEN, undefined, undefined]);
  assert.deepEqual(ofTools(at('Gemini'), 'gemini-2.5-flash'), ['35000000000', undefined, undefined]);
  assert.deepEqual(ofTools(at('Gemini'), 'gemini-3.5-flash'), ['14000000000', undefined, undefined]);
  const vertex = at('VertexAI', { vertex: { project: 'p', location: 'global' } });
  assert.deepEqual(ofTools(at('AzureOpenAI', { endpoint: 'https://a.openai.azure.com' }), 'gpt-5'), none);
  assert.deepEqual(ofTools(vertex, 'claude-sonnet-4-5'), none);
  assert.deepEqual(ofTools(vertex, 'gemini-2.5-flash'), none);
});

test('what an AIProvider states of tools wins, for each version of a tool; what it leaves out is as the vendor lists it', () => {
  const stated = { name: 'gpt-4.1', inputUsdPerMillion: 1, outputUsdPerMillion: 4 };
  const price = (model: object, type = 'OpenAI', more = {}) => priceOf(at(type, more, [model]), 'gpt-4.1', PRICE_BOOK);
  const own = price({ ...stated, webSearchUsdPerThousand: '7.50', codeExecutionUsdPerThousand: 30 });
  assert.deepEqual(
    [own?.webSearchPico, own?.webSearchPreviewPico, own?.fileSearchPico, own?.codeExecutionPico],
    ['7500000000', '7500000000', '2500000000', '30000000000'],
  );
  const azure = price({ ...stated, webSearchUsdPerThousand: 14 }, 'AzureOpenAI', {
    endpoint: 'https://a.openai.azure.com',
  });
  assert.deepEqual([azure?.webSearchPico, azure?.fileSearchPico], ['14000000000', undefined]);
});
