/**
 * The book of one limit in one window: a pure engine. A grant counts as spent from the moment it is durable until its holder
 * gives it back, so at every instant settled + open grants ≤ limit, under any crash and with any number of writers.
 */
export interface OpenGrant {
  /** The sidecar instance that holds it. */
  readonly holder: string;
  readonly amount: bigint;
  /** What its holder last reported as used. */
  readonly used: bigint;
}

export interface Book {
  readonly budgetId: string;
  readonly window: string;
  readonly limit: bigint;
  /** Spent by grants that are closed. */
  readonly settled: bigint;
  readonly grants: Readonly<Record<string, OpenGrant>>;
}
