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
