/** What a policy says where a resource is silent. */

/** Milliseconds. */
export const DEFAULT_TIMEOUTS = {
  connectMs: 5_000,
  firstTokenMs: 60_000,
  idleMs: 60_000,
  totalMs: 600_000,
} as const;

/** Milliseconds. */
export const DEFAULT_CLASSIFIER = { deadlineMs: 50 } as const;

/** Milliseconds. */
export const DEFAULT_CALLBACK = { deadlineMs: 3_600_000, retentionMs: 3_600_000 } as const;

/** Milliseconds. What is tried again: `contract/resources/route-resilience.ts`. */
export const DEFAULT_CIRCUIT_BREAKER = {
  consecutiveFailures: 5,
  errorPercent: 50,
  firstTokenP95Ms: null,
  openForMs: 5_000,
} as const;
/** Milliseconds. */
export const DEFAULT_CACHE_TTL_MS = 3_600_000;

/** Milliseconds. */
export const DEFAULT_QUEUE_DEADLINE_MS = 10_000;
