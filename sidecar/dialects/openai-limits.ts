/** What is left of limits, in the headers of OpenAI's API: `x-ratelimit-remaining-tokens: 149984`, `x-ratelimit-reset-tokens: 6m0s`. */
import type { LimitView, RateUnit } from '#sidecar/canonical/limit-view';

/** The last two are not OpenAI's own; those who part tokens in its headers call them so. */
const NAME: Readonly<Record<RateUnit, string>> = {
  requests: 'requests',
  tokens: 'tokens',
  inputTokens: 'input-tokens',
  outputTokens: 'output-tokens',
};

export function limitHeaders(views: readonly LimitView[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { unit, limit, remaining, resetMs } of views) {
    headers[`x-ratelimit-limit-${NAME[unit]}`] = String(limit);
    headers[`x-ratelimit-remaining-${NAME[unit]}`] = String(remaining);
    if (resetMs !== undefined) headers[`x-ratelimit-reset-${NAME[unit]}`] = durationText(resetMs);
  }
  return headers;
}

/** As Go writes durations, and OpenAI with it: `750ms`, `1s`, `6m0s`, `1h2m3s`; above a second in whole ones, rounded up. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}s`;
}
