import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatUsd, nanoOfPico, nanoUsd, picoPerToken } from './money.ts';

const SEED = 20261121;

test('nanoUsd() is exact to the ninth decimal and rounds up beyond it', () => {
  assert.equal(nanoUsd(50), 50_000_000_000n);
  assert.equal(nanoUsd('0.50'), 500_000_000n);
  assert.equal(nanoUsd('0.000000001'), 1n);
  assert.equal(nanoUsd('0.0000000001'), 1n);
  assert.equal(nanoUsd('1000000000'), 10n ** 18n);
  assert.equal(nanoUsd(0), 0n);
});

test('nanoUsd() reads numbers that JavaScript prints with an exponent', () => {
  assert.equal(nanoUsd(1e-7), 100n);
  assert.equal(picoPerToken(1e-7), 1n);
});

test('money refuses what is not a non-negative decimal', () => {
  for (const bad of ['', '-1', '1e3', '0x10', '1.', '.5', ' 1', '١', 'NaN'])
    assert.throws(() => nanoUsd(bad), RangeError);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1]) assert.throws(() => nanoUsd(bad), RangeError);
});

test('picoPerToken() turns dollars per million tokens into pico-dollars per token', () => {
  assert.equal(picoPerToken('2.50'), 2_500_000n);
  assert.equal(picoPerToken('0.075'), 75_000n);
  assert.equal(picoPerToken('0.0000001'), 1n);
});

test('nanoOfPico() never loses a fraction', () => {
  assert.equal(nanoOfPico(0n), 0n);
  assert.equal(nanoOfPico(1n), 1n);
  assert.equal(nanoOfPico(1000n), 1n);
  assert.equal(nanoOfPico(1001n), 2n);
});

test('formatUsd() shows two to nine decimals and the sign', () => {
  assert.equal(formatUsd(0n), '0.00');
  assert.equal(formatUsd(12_340_000_000n), '12.34');
  assert.equal(formatUsd(125_000n), '0.000125');
  assert.equal(formatUsd(1n), '0.000000001');
  assert.equal(formatUsd(-500_000_000n), '-0.50');
});

test('nanoUsd() reads back what formatUsd() wrote', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), (nano) => nanoUsd(formatUsd(nano)) === nano),
    { seed: SEED },
  );
});
