/**
 * Money as integers: amounts in nano-dollars (10^-9 US dollars), prices in pico-dollars (10^-12) per token. Never a float.
 */

/** A decimal US-dollar amount times 10^`digits`, rounded up. `text` is what the `usd` field of a resource accepts. */
function scaled(text: number | string, digits: number): bigint {
  const [whole = '0', fraction = ''] = String(text).split('.');
  const kept = fraction.slice(0, digits).padEnd(digits, '0');
  const rest = fraction.slice(digits);
  return BigInt(whole + kept) + (/[1-9]/.test(rest) ? 1n : 0n);
}

/** Nano-dollars of a US-dollar amount. */
export const nanoUsd = (usd: number | string): bigint => scaled(usd, 9);

/** Pico-dollars per token of a price in US dollars per million tokens, rounded up. */
export const picoPerToken = (usdPerMillion: number | string): bigint => scaled(usdPerMillion, 6);

/** Nano-dollars of a pico-dollar amount, rounded up. */
export const nanoOfPico = (pico: bigint): bigint => (pico + 999n) / 1000n;

/** `12.34`, `0.000125`: US dollars with at least two and at most nine decimals. */
export function formatUsd(nano: bigint): string {
  const digits = nano.toString().padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0{1,7}$/, '');
  return `${digits.slice(0, -9)}.${fraction}`;
}
