import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PolicyPrice } from '#contract/policy/policy';
import { costOf } from '#sidecar/budget/price';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { costAt } from './rates.ts';
import { COUNTS, type Count } from './usage-row.ts';

const NO_COUNTS = Object.fromEntries(COUNTS.map((kind) => [kind, 0])) as Record<Count, number>;

const pico = fc.bigInt({ min: 0n, max: 10n ** 9n });
const maybe = fc.option(pico, { nil: undefined });
const anyUsage = fc.record(
  Object.fromEntries(Object.keys(NO_USAGE).map((kind) => [kind, fc.nat(1_000_000)])),
) as unknown as fc.Arbitrary<Usage>;

test('a row is rated as the sidecar rates an attempt, with each kind priced by itself or by what it falls back to', () => {
  const anyRates = fc.record({
    inputTokens: pico,
    cacheReadTokens: pico,
    outputTokens: pico,
    cacheWriteTokens: maybe,
    cacheWrite1hTokens: maybe,
    inputAudioTokens: maybe,
    outputImageTokens: maybe,
  });
  fc.assert(
    fc.property(anyUsage, anyRates, fc.nat(10), pico, (usage, drawn, images, image) => {
      const stated = Object.fromEntries(
        Object.entries(drawn).filter(([, value]) => value !== undefined),
      ) as typeof drawn;
      const price = {
        inputPico: String(drawn.inputTokens),
        cachedInputPico: String(drawn.cacheReadTokens),
        outputPico: String(drawn.outputTokens),
        ...(drawn.cacheWriteTokens !== undefined && { cacheWritePico: String(drawn.cacheWriteTokens) }),
        ...(drawn.cacheWrite1hTokens !== undefined && { cacheWrite1hPico: String(drawn.cacheWrite1hTokens) }),
        ...(drawn.inputAudioTokens !== undefined && { inputAudioPico: String(drawn.inputAudioTokens) }),
        ...(drawn.outputImageTokens !== undefined && { outputImagePico: String(drawn.outputImageTokens) }),
      } satisfies PolicyPrice;
      const row = { ...NO_COUNTS, ...usage, images };
      assert.equal(costAt({ ...stated, images: image } as never, row), costOf(price, usage, BigInt(images) * image));
    }),
  );
});

test('a row counts every kind of token that an answer can have', () => {
  for (const kind of Object.keys(NO_USAGE)) assert.ok((COUNTS as readonly string[]).includes(kind), kind);
});

test('calls of a provider’s own tools are rated by the call, all kinds at one price', () => {
  const rates = { inputTokens: 1_000n, outputTokens: 2_000n, toolUnits: 10_000_000_000n };
  assert.equal(costAt(rates, { ...NO_COUNTS, inputTokens: 5, toolUnits: 3 }), 30_000_005n);
});
