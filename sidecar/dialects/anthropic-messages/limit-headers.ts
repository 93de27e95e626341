/** What is left of limits, in the headers of Anthropic's API: `anthropic-ratelimit-tokens-remaining: 149984`, `…-reset: 2026-11-21T12:01:00Z`. */
import type { LimitView, RateUnit } from '#sidecar/canonical/limit-view';

const NAME: Readonly<Record<RateUnit, string>> = {
  requests: 'requests',
  tokens: 'tokens',
  inputTokens: 'input-tokens',
  outputTokens: 'output-tokens',
};

export function limitHeaders(views: readonly LimitView[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { unit, limit, remaining, resetUnixMs } of views) {
    const name = `anthropic-ratelimit-${NAME[unit]}`;
    headers[`${name}-limit`] = String(limit);
    headers[`${name}-remaining`] = String(remaining);
    if (resetUnixMs !== undefined) headers[`${name}-reset`] = momentText(resetUnixMs);
  }
  return headers;
}

/** RFC 3339 in whole seconds, rounded up. */
const momentText = (unixMs: number): string =>
  new Date(Math.ceil(unixMs / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
