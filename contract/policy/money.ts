/**
 * Money as integers: amounts in nano-dollars (10^-9 US dollars), prices in pico-dollars (10^-12) per token. Never a float.
 */

const DECIMAL = /^([0-9]+)(?:\.([0-9]+))?$/;

/** A number without the exponent that JavaScript prints for very small and very large ones. */
function plainDecimal(value: number): string {
  const text = String(value);
  return text.includes('e') && Number.isFinite(value) ? value.toFixed(20) : text;
}

/**
 * A decimal US-dollar amount times 10^`digits`, rounded up: what is under one unit is never free.
 * Throws RangeError for anything but a non-negative decimal; resource schemas let nothing else through.
 */
function scaled(value: number | string, digits: number): bigint {
  const text = typeof value === 'number' ? plainDecimal(value) : value;
  const found = DECIMAL.exec(text);
  if (found === null) throw new RangeError(`not a decimal amount of US dollars: ${text.slice(0, 40)}`);
  const [, whole = '0', fraction = ''] = found;
  const kept = fraction.slice(0, digits).padEnd(digits, '0');
  return BigInt(whole + kept) + (/[1-9]/.test(fraction.slice(digits)) ? 1n : 0n);
}

/** Nano-dollars of a US-dollar amount, rounded up. */
export const nanoUsd = (usd: number | string): bigint => scaled(usd, 9);

/** Pico-dollars per token of a price in US dollars per million tokens, rounded up. */
export const picoPerToken = (usdPerMillion: number | string): bigint => scaled(usdPerMillion, 6);

/** Pico-dollars per call of a price in US dollars per thousand calls, rounded up. */
export const picoPerCall = (usdPerThousand: number | string): bigint => scaled(usdPerThousand, 9);

/** Nano-dollars of a pico-dollar amount, rounded up. */
export const nanoOfPico = (pico: bigint): bigint => (pico + 999n) / 1000n;

/** `12.34`, `0.000125`, `-0.50`: US dollars with at least two and at most nine decimals. */
export function formatUsd(nano: bigint): string {
  if (nano < 0n) return `-${formatUsd(-nano)}`;
  const digits = nano.toString().padStart(10, '0');
  let end = digits.length;
  while (end > digits.length - 7 && digits[end - 1] === '0') end -= 1;
  return `${digits.slice(0, -9)}.${digits.slice(-9, end)}`;
}

/** The smaller of two amounts; Math.min knows no bigint. */
export function least(a: bigint, b: bigint): bigint {
  if (b < a) return b;
  return a;
}
