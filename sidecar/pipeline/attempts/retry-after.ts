/** How long a provider asks us to wait, in every form that providers use. Pure: the present time is a parameter. */

/** Longest hint that is believed; more is taken as this much. */
export const LONGEST_HINT_MS = 24 * 60 * 60 * 1000;

type Headers = Readonly<Record<string, string>>;
type Form = (text: string, nowUnixMs: number) => number | undefined;

const DECIMAL = /^[0-9]{1,15}(\.[0-9]{1,9})?$/;
const IMF_FIXDATE = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;
const RFC_3339 = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/;
/** As Go writes them: `6m0s`, `20ms`, `1h2m3.5s`. */
const GO_DURATION = /^([0-9]{1,9}(\.[0-9]{1,9})?(h|ms|m|s))+$/;
const GO_UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};
/** A number of seconds that is no wait but a moment, and the same of milliseconds. */
const EPOCH_S = 1e9;
const EPOCH_MS = 1e12;

const decimal =
  (unitMs: number): Form =>
  (text) =>
    DECIMAL.test(text) ? Math.ceil(Number(text) * unitMs) : undefined;

/** Date.parse alone takes nearly anything, such as `-5` for a year. A moment in the past means now. */
const moment =
  (form: RegExp): Form =>
  (text, nowUnixMs) => {
    const at = form.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(at) ? undefined : Math.max(at - nowUnixMs, 0);
  };

const duration: Form = (text) => {
  if (!GO_DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit = ''] of text.matchAll(/([0-9.]+)([a-z]+)/g)) ms += Number(count) * (GO_UNIT_MS[unit] ?? 0);
  return Math.ceil(ms);
};

/** Seconds to wait, or the moment as seconds or milliseconds since 1970. */
const secondsOrEpoch: Form = (text, nowUnixMs) => {
  if (!DECIMAL.test(text)) return undefined;
  const number = Number(text);
  if (number < EPOCH_S) return Math.ceil(number * 1_000);
  return Math.max(Math.ceil(number < EPOCH_MS ? number * 1_000 : number) - nowUnixMs, 0);
};

/** What asks for a wait in so many words; the first that is understood counts. */
const ASKED: readonly (readonly [header: string, form: Form])[] = [
  // OpenAI; finer than `retry-after`, which goes with it.
  ['retry-after-ms', decimal(1)],
  // Azure.
  ['x-ms-retry-after-ms', decimal(1)],
  // RFC 9110, section 10.2.3.
  ['retry-after', decimal(1_000)],
  ['retry-after', moment(IMF_FIXDATE)],
];

/** The limits that are told with an answer: how much of each is left, and when it is whole again. */
const LIMITS: readonly { readonly remaining: string; readonly reset: string }[] = [
  // OpenAI, Groq and many alike, as durations; Azure as whole seconds.
  ...['requests', 'tokens', 'project-tokens', 'input-tokens', 'output-tokens'].map((what) => ({
    remaining: `x-ratelimit-remaining-${what}`,
    reset: `x-ratelimit-reset-${what}`,
  })),
  // As moments by RFC 3339.
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map((what) => ({
    remaining: `anthropic-ratelimit-${what}-remaining`,
    reset: `anthropic-ratelimit-${what}-reset`,
  })),
  // OpenRouter, as milliseconds since 1970.
  { remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset' },
  // draft-ietf-httpapi-ratelimit-headers up to 07, as seconds.
  { remaining: 'ratelimit-remaining', reset: 'ratelimit-reset' },
];
const RESETS: readonly Form[] = [duration, moment(RFC_3339), secondsOrEpoch];

/** The headers that are read, for the reference page. */
export const HINT_HEADERS: readonly string[] = [
  ...new Set(ASKED.map(([header]) => header)),
  ...LIMITS.map(({ reset }) => reset),
];

/**
 * Milliseconds to wait, 0 to LONGEST_HINT_MS; undefined when nothing usable is said. Negative values, fractions of dates and garbage are
 * no hint; a date in the past means now.
 */
export function retryAfterMs(headers: Headers, nowUnixMs: number): number | undefined {
  for (const [header, form] of ASKED) {
    const ms = form(headers[header]?.trim() ?? '', nowUnixMs);
    if (ms !== undefined) return Math.min(ms, LONGEST_HINT_MS);
  }
  return undefined;
}

/**
 * Until the limits that an answer tells are whole again, in milliseconds up to LONGEST_HINT_MS: of those that are used up the longest, else
 * of all. For a refusal by rate that asks for no wait; at most this long it takes. undefined when nothing usable is said.
 */
export function limitResetMs(headers: Headers, nowUnixMs: number): number | undefined {
  const told = LIMITS.map(({ remaining, reset }) => ({
    isUsedUp: headers[remaining]?.trim() === '0',
    ms: resetMs(headers[reset]?.trim() ?? '', nowUnixMs),
  }));
  const usedUp = told.filter(({ isUsedUp, ms }) => isUsedUp && ms > 0);
  const longest = Math.max(0, ...(usedUp.length > 0 ? usedUp : told).map(({ ms }) => ms));
  return longest === 0 ? undefined : Math.min(longest, LONGEST_HINT_MS);
}

/** 0 says nothing: some services write it where they do not know. */
export function resetMs(text: string, nowUnixMs: number): number {
  for (const form of RESETS) {
    const ms = form(text, nowUnixMs);
    if (ms !== undefined) return ms;
  }
  return 0;
}
