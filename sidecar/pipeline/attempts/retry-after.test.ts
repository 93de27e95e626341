import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_HINT_MS, limitResetMs, retryAfterMs } from './retry-after.ts';

const NOW = Date.parse('Sat, 21 Nov 2026 10:00:00 GMT');
const none = undefined;

/** Headers and the wait they mean. */
const CASES: readonly (readonly [Readonly<Record<string, string>>, number | undefined])[] = [
  [{}, none],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '1' }, 1_000],
  [{ 'retry-after': '30' }, 30_000],
  [{ 'retry-after': ' 5 ' }, 5_000],
  [{ 'retry-after': '007' }, 7_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': '1.2345' }, 1_235],
  [{ 'retry-after': '-1' }, none],
  [{ 'retry-after': '-0' }, none],
  [{ 'retry-after': '+5' }, none],
  [{ 'retry-after': '5s' }, none],
  [{ 'retry-after': '1,5' }, none],
  [{ 'retry-after': '1 2' }, none],
  [{ 'retry-after': '1e3' }, none],
  [{ 'retry-after': '0x10' }, none],
  [{ 'retry-after': '.5' }, none],
  [{ 'retry-after': '5.' }, none],
  [{ 'retry-after': '٣' }, none],
  [{ 'retry-after': 'NaN' }, none],
  [{ 'retry-after': 'Infinity' }, none],
  [{ 'retry-after': 'soon' }, none],
  [{ 'retry-after': '' }, none],
  [{ 'retry-after': ' ' }, none],
  [{ 'retry-after': '86400' }, LONGEST_HINT_MS],
  [{ 'retry-after': '999999999' }, LONGEST_HINT_MS],
  [{ 'retry-after': '9'.repeat(15) }, LONGEST_HINT_MS],
  [{ 'retry-after': '9'.repeat(400) }, none],
  [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:00 GMT' }, 0],
  [{ 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT' }, 0],
  [{ 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' }, LONGEST_HINT_MS],
  [{ 'retry-after': 'Sat, 99 Nov 2026 10:00:00 GMT' }, none],
  [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 CET' }, none],
  [{ 'retry-after': '2026-11-21T10:00:30Z' }, none],
  [{ 'retry-after-ms': '20' }, 20],
  [{ 'retry-after-ms': '20.4' }, 21],
  [{ 'retry-after-ms': '20', 'retry-after': '9' }, 20],
  [{ 'retry-after-ms': '-20', 'retry-after': '9' }, 9_000],
  [{ 'retry-after-ms': 'x', 'retry-after': 'y' }, none],
  [{ 'x-ms-retry-after-ms': '1500' }, 1_500],
  [{ 'retry-after-ms': '99999999999' }, LONGEST_HINT_MS],
];

test(`retryAfterMs() reads ${CASES.length} forms of a hint and believes none of the broken ones`, () => {
  for (const [headers, expected] of CASES) {
    assert.equal(retryAfterMs(headers, NOW), expected, JSON.stringify(headers).slice(0, 80));
  }
});

const openai = (what: string, remaining: string, reset: string) => ({
  [`x-ratelimit-remaining-${what}`]: remaining,
  [`x-ratelimit-reset-${what}`]: reset,
});
const anthropic = (what: string, remaining: string, reset: string) => ({
  [`anthropic-ratelimit-${what}-remaining`]: remaining,
  [`anthropic-ratelimit-${what}-reset`]: reset,
});
const seconds = (reset: string) => openai('tokens', '0', reset);

const LIMIT_CASES: readonly (readonly [Readonly<Record<string, string>>, number | undefined])[] = [
  [{}, none],
  [seconds('6m0s'), 360_000],
  [seconds('20ms'), 20],
  [seconds('1h2m3.5s'), 3_723_500],
  [seconds('7.66s'), 7_660],
  [seconds('1m26.4s'), 86_400],
  [seconds('1m20ms'), 60_020],
  [seconds('1ns'), none],
  [seconds(' 1s '), 1_000],
  [seconds('48h'), LONGEST_HINT_MS],
  [seconds('0s'), none],
  [seconds('0'), none],
  [seconds('-1'), none],
  [seconds('-1s'), none],
  [seconds('1s2'), none],
  [seconds('1d'), none],
  [seconds('s'), none],
  [seconds('1e3s'), none],
  [seconds(''), none],
  [seconds('17'), 17_000],
  [seconds('0.5'), 500],
  [openai('requests', '0', '12ms'), 12],
  [openai('project-tokens', '0', '2s'), 2_000],
  [{ ...openai('requests', '0', '1s'), ...openai('tokens', '900', '6m0s') }, 1_000],
  [{ ...openai('requests', '0', '1s'), ...openai('tokens', '0', '6m0s') }, 360_000],
  [{ ...openai('requests', '99', '8.64s'), ...openai('tokens', '900', '1s') }, 8_640],
  [{ ...openai('requests', '0', '0s'), ...openai('tokens', '900', '1s') }, 1_000],
  [openai('tokens', '-1', '0'), none],
  [{ 'x-ratelimit-reset-tokens': '3s' }, 3_000],
  [anthropic('requests', '0', '2026-11-21T10:00:30Z'), 30_000],
  [anthropic('input-tokens', '0', '2026-11-21T11:00:30+01:00'), 30_000],
  [anthropic('output-tokens', '0', '2026-11-21T10:00:00.250Z'), 250],
  [anthropic('tokens', '0', '2026-11-21T09:59:00Z'), none],
  [anthropic('tokens', '0', '2026-11-21'), none],
  [anthropic('tokens', '0', '2026-99-21T10:00:30Z'), none],
  [
    { ...anthropic('requests', '49', '2026-11-21T10:59:00Z'), ...anthropic('tokens', '0', '2026-11-21T10:00:05Z') },
    5_000,
  ],
  [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW + 1_500) }, 1_500],
  [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 2) }, 2_000],
  [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' }, 12_000],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }, 30_000],
];

test(`limitResetMs() reads ${LIMIT_CASES.length} forms of limits and believes none of the broken ones`, () => {
  for (const [headers, expected] of LIMIT_CASES) {
    assert.equal(limitResetMs(headers, NOW), expected, JSON.stringify(headers).slice(0, 160));
  }
});
