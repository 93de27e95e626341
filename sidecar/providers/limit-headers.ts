/** The limits that many services tell with each answer under the names that were used first. */
import type { LimitHeaders } from './adapter.ts';

export const COMMON_LIMIT_HEADERS: readonly LimitHeaders[] = ['requests', 'tokens'].map((what) => ({
  remaining: `x-ratelimit-remaining-${what}`,
  reset: `x-ratelimit-reset-${what}`,
}));
