import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_HINT_MS, retryAfterMs } from './retry-after.ts';

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
