/** How long a provider asks us to wait, in every form that providers use. Pure: the present time is a parameter. */

/** Longest hint that is believed; more is taken as this much. */
export const LONGEST_HINT_MS = 24 * 60 * 60 * 1000;

const DECIMAL = /^[0-9]{1,15}(\.[0-9]{1,9})?$/;
const IMF_FIXDATE = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

/**
 * Milliseconds to wait, 0 to LONGEST_HINT_MS; undefined when nothing usable is said. `retry-after-ms` (OpenAI, Azure) is finer and
 * wins over `retry-after` (RFC 9110, section 10.2.3: seconds or a date). Negative values, fractions of dates and garbage are no hint;
 * a date in the past means now.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowUnixMs: number): number | undefined {
  return (
    decimal(headers['retry-after-ms'], 1) ??
    decimal(headers['x-ms-retry-after-ms'], 1) ??
    decimal(headers['retry-after'], 1000) ??
    date(headers['retry-after'], nowUnixMs)
  );
}

function decimal(text: string | undefined, unitMs: number): number | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || !DECIMAL.test(trimmed)) return undefined;
  return Math.min(Math.ceil(Number(trimmed) * unitMs), LONGEST_HINT_MS);
}

function date(text: string | undefined, nowUnixMs: number): number | undefined {
  const trimmed = text?.trim();
  // Date.parse alone takes nearly anything, such as `-5` for a year.
  if (trimmed === undefined || !IMF_FIXDATE.test(trimmed)) return undefined;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - nowUnixMs, 0), LONGEST_HINT_MS);
}
