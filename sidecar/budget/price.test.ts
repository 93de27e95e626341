import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_USAGE, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import { costAtMost, costOf } from './price.ts';

/** Each kind at a price of its own: a power of ten, so that the digits of a cost tell which kinds were counted how often. */
const PRICE = {
  inputPico: '1000',
  cachedInputPico: '10000',
  cacheWritePico: '100000',
  cacheWrite1hPico: '1000000',
  inputAudioPico: '10000000',
  inputImagePico: '100000000',
  outputPico: '1000000000',
  outputAudioPico: '10000000000',
  outputImagePico: '100000000000',
};

test('costOf() counts each kind of usage at its own price, reasoning as output', () => {
  const usage: Usage = {
    inputTokens: 1,
    cacheReadTokens: 2,
    cacheWriteTokens: 3,
    cacheWrite1hTokens: 4,
    inputAudioTokens: 5,
    inputImageTokens: 6,
    outputTokens: 3,
    reasoningTokens: 4,
    outputAudioTokens: 8,
    outputImageTokens: 9,
  };
  assert.equal(costOf(PRICE, usage), 987_654_321n);
});

test('costOf() takes the input or output price of a kind that has none of its own, and for an hour that of other cache writes', () => {
  const { inputPico, cachedInputPico, outputPico } = PRICE;
  const plain = { inputPico, cachedInputPico, outputPico };
  const cost = (usage: Partial<Usage>, more = {}) => costOf({ ...plain, ...more }, { ...NO_USAGE, ...usage });
  for (const kind of ['cacheWriteTokens', 'cacheWrite1hTokens', 'inputAudioTokens', 'inputImageTokens'])
    assert.equal(cost({ [kind]: 7 }), 7n, kind);
  for (const kind of ['reasoningTokens', 'outputAudioTokens', 'outputImageTokens'])
    assert.equal(cost({ [kind]: 7 }), 7_000_000n, kind);
  assert.equal(cost({ cacheWrite1hTokens: 7 }, { cacheWritePico: '2000' }), 14n);
});

test('costAtMost() is never less than what any split of the tokens costs, when only what asked for an hour is kept for one', () => {
  const rate = fc.bigInt({ min: 0n, max: 10_000_000n }).map(String);
  const price = fc.record(
    {
      inputPico: rate,
      cachedInputPico: rate,
      outputPico: rate,
      cacheWritePico: rate,
      cacheWrite1hPico: rate,
      outputAudioPico: rate,
      outputImagePico: rate,
    },
    { requiredKeys: ['inputPico', 'cachedInputPico', 'outputPico'] },
  );
  const count = fc.nat(100_000);
  const usage = fc.record({
    inputTokens: count,
    cacheReadTokens: count,
    cacheWriteTokens: count,
    cacheWrite1hTokens: count,
    outputTokens: count,
    reasoningTokens: count,
    outputAudioTokens: count,
    outputImageTokens: count,
  });
  fc.assert(
    fc.property(
      price,
      usage,
      fc.boolean(),
      fc.bigInt({ min: 0n, max: 1_000_000n }),
      (rates, counted, cachesForAnHour, piecesPico) => {
        const used = { ...NO_USAGE, ...counted, ...(!cachesForAnHour && { cacheWrite1hTokens: 0 }) };
        const bound = {
          inputTokensAtMost: totalInputTokens(used),
          outputTokensAtMost: totalOutputTokens(used),
          cachesForAnHour,
          piecesPico,
        };
        assert.ok(costAtMost(rates, bound) >= costOf(rates, used, piecesPico));
      },
    ),
    { seed: 20_261_121 },
  );
});

const LONG = {
  ...{ inputPico: '2000000', cachedInputPico: '200000', outputPico: '12000000' },
  tiers: [
    { aboveInputTokens: 200_000, inputPico: '4000000', cachedInputPico: '400000', outputPico: '18000000' },
    { serviceTier: 'flex', inputPico: '1000000', cachedInputPico: '100000', outputPico: '6000000' },
    { serviceTier: 'priority', inputPico: '5000000', cachedInputPico: '500000', outputPico: '30000000' },
    {
      ...{ aboveInputTokens: 200_000, serviceTier: 'flex' },
      ...{ inputPico: '2000000', cachedInputPico: '200000', outputPico: '9000000' },
    },
  ],
} as const;

test('costOf() takes the rates of the last tier that holds, for the whole request', () => {
  // Nano-dollars reckoned by hand: tokens times dollars per million times 1000.
  const cases: readonly [Partial<Usage>, bigint][] = [
    [{ inputTokens: 200_000, outputTokens: 1_000 }, 400_000_000n + 12_000_000n],
    [{ inputTokens: 200_001, outputTokens: 1_000 }, 800_004_000n + 18_000_000n],
    // What a cache gave counts for the length of the prompt, at its own price.
    [{ inputTokens: 1, cacheReadTokens: 200_000, outputTokens: 1_000 }, 4_000n + 80_000_000n + 18_000_000n],
    [{ inputTokens: 100, outputTokens: 10, serviceTier: 'flex' }, 100_000n + 60_000n],
    [{ inputTokens: 300_000, outputTokens: 10, serviceTier: 'flex' }, 600_000_000n + 90_000n],
    [{ inputTokens: 100, outputTokens: 10, serviceTier: 'priority' }, 500_000n + 300_000n],
    [{ inputTokens: 300_000, outputTokens: 10, serviceTier: 'priority' }, 1_500_000_000n + 300_000n],
    [{ inputTokens: 100, outputTokens: 10, serviceTier: 'never-heard-of' }, 200_000n + 120_000n],
  ];
  for (const [usage, nano] of cases)
    assert.equal(costOf({ ...LONG, tiers: [...LONG.tiers] }, { ...NO_USAGE, ...usage }), nano, JSON.stringify(usage));
});

test('costAtMost() is of the dearest tier that may hold: by the bound of the input, and by what is asked for', () => {
  const atMost = (inputTokensAtMost: number, serviceTier?: string) =>
    costAtMost(
      { ...LONG, tiers: [...LONG.tiers] },
      { inputTokensAtMost, outputTokensAtMost: 1_000, ...(serviceTier !== undefined && { serviceTier }) },
    );
  assert.equal(atMost(200_000, 'standard'), 400_000_000n + 12_000_000n);
  assert.equal(atMost(200_001, 'standard'), 800_004_000n + 18_000_000n);
  // A provider that has no room in a tier serves the standard one.
  assert.equal(atMost(1_000, 'flex'), 2_000_000n + 12_000_000n);
  assert.equal(atMost(1_000, 'priority'), 5_000_000n + 30_000_000n);
  // Nobody knows what the account is set to.
  assert.equal(atMost(1_000), 5_000_000n + 30_000_000n);
});

test('costAtMost() is never less than costOf() whatever the tiers, and whichever of those that were asked for serves', () => {
  const rate = fc.bigInt({ min: 0n, max: 10_000_000n }).map(String);
  const rates = {
    ...{ inputPico: rate, cachedInputPico: rate, outputPico: rate, cacheWritePico: rate, cacheWrite1hPico: rate },
    ...{ outputAudioPico: rate, outputImagePico: rate },
  };
  const requiredKeys = ['inputPico', 'cachedInputPico', 'outputPico'] as const;
  const served = fc.constantFrom('flex', 'priority');
  const tier = fc.record(
    { ...rates, aboveInputTokens: fc.nat(2_000), serviceTier: served },
    { requiredKeys: [...requiredKeys] },
  );
  const price = fc.record(
    { ...rates, tiers: fc.array(tier, { maxLength: 5 }) },
    { requiredKeys: [...requiredKeys, 'tiers'] },
  );
  const count = fc.nat(1_000);
  const usage = fc.record(
    {
      ...{ inputTokens: count, cacheReadTokens: count, cacheWriteTokens: count, cacheWrite1hTokens: count },
      ...{ outputTokens: count, reasoningTokens: count, outputAudioTokens: count, outputImageTokens: count },
      serviceTier: served,
    },
    { noNullPrototype: true, requiredKeys: ['inputTokens', 'cacheReadTokens', 'outputTokens'] },
  );
  fc.assert(
    fc.property(price, usage, fc.boolean(), fc.nat(500), (priced, counted, asksOpenly, slack) => {
      const used = { ...NO_USAGE, ...counted };
      const bound = {
        inputTokensAtMost: totalInputTokens(used) + slack,
        outputTokensAtMost: totalOutputTokens(used) + slack,
        cachesForAnHour: used.cacheWrite1hTokens > 0,
        ...(!asksOpenly && { serviceTier: used.serviceTier ?? 'standard' }),
      };
      assert.ok(costAtMost(priced, bound) >= costOf(priced, used));
    }),
    { seed: 20_261_121, numRuns: 2_000 },
  );
});
