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
