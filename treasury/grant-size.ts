/** How much a holder would use soon, guessed from what it was granted of late: a grant should last about half a minute. */
export interface Demand {
  /** What was granted in the recent past, fading to nothing over `HORIZON_MS`. */
  readonly amount: bigint;
  readonly atMs: number;
}

/** After it nothing is left of a demand. */
export const HORIZON_MS = 30_000;
/** What a holder without history gets, in multiples of what it needs. */
const FIRST_GRANTS = 4n;

function faded(demand: Demand | undefined, nowMs: number): bigint {
  if (demand === undefined) return 0n;
  const leftMs = HORIZON_MS - Math.max(0, nowMs - demand.atMs);
  return leftMs <= 0 ? 0n : (demand.amount * BigInt(Math.floor(leftMs))) / BigInt(HORIZON_MS);
}

export function desiredGrant(demand: Demand | undefined, needed: bigint, nowMs: number): bigint {
  const recent = faded(demand, nowMs);
  return recent > needed * FIRST_GRANTS ? recent : needed * FIRST_GRANTS;
}

export const withGrant = (demand: Demand | undefined, granted: bigint, nowMs: number): Demand => ({
  amount: faded(demand, nowMs) + granted,
  atMs: nowMs,
});

/** What came back unspent was no demand. */
export const withReturn = (demand: Demand | undefined, unspent: bigint, nowMs: number): Demand | undefined => {
  if (demand === undefined) return undefined;
  const left = faded(demand, nowMs) - unspent;
  return { amount: left > 0n ? left : 0n, atMs: nowMs };
};
