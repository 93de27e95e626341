/** Demand and shares as they travel. What arrives may say anything; the bounds are held here. */
import { MAX_SHARES, type PriorityCounts, type Share, type ShareDemand } from '#contract/policy/share-demand';
import type { ShareDemand as ShareDemandMessage, Share as ShareMessage } from './gen/remora/policy/v1/sync.ts';

/** More than any key has. */
const MAX_KEY_CHARS = 1_024;
/** More than any sidecar has of anything; sums of it stay exact. */
const MOST = 1_000_000;

const counted = (count: number): number => Math.min(MOST, Math.max(0, Math.trunc(count)));

/** No more than MAX_SHARES; what is over is cut. */
export const encodeDemands = (demands: readonly ShareDemand[]): ShareDemandMessage[] =>
  demands.slice(0, MAX_SHARES).map(({ key, running, waiting, throttled, units }) => ({
    key,
    runningHigh: counted(running.High),
    runningNormal: counted(running.Normal),
    runningLow: counted(running.Low),
    waitingHigh: counted(waiting.High),
    waitingNormal: counted(waiting.Normal),
    waitingLow: counted(waiting.Low),
    throttled: counted(throttled),
    units: counted(units),
  }));

/** Leaves out what has no key or too long a one, and all that is over MAX_SHARES. Of a key that comes twice the last holds. */
export const decodeDemands = (demands: readonly ShareDemandMessage[]): ShareDemand[] =>
  demands
    .slice(0, MAX_SHARES)
    .filter(({ key }) => key !== '' && key.length <= MAX_KEY_CHARS)
    .map((demand) => ({
      key: demand.key,
      running: countsOf(demand.runningHigh, demand.runningNormal, demand.runningLow),
      waiting: countsOf(demand.waitingHigh, demand.waitingNormal, demand.waitingLow),
      throttled: counted(demand.throttled),
      units: counted(demand.units),
    }));

const countsOf = (high: number, normal: number, low: number): PriorityCounts => ({
  High: counted(high),
  Normal: counted(normal),
  Low: counted(low),
});

export const encodeShares = (shares: readonly Share[]): ShareMessage[] =>
  shares.slice(0, MAX_SHARES).map(({ key, units }) => ({ key, units: counted(units) }));

export const decodeShares = (shares: readonly ShareMessage[]): Share[] =>
  shares
    .slice(0, MAX_SHARES)
    .filter(({ key }) => key !== '' && key.length <= MAX_KEY_CHARS)
    .map(({ key, units }) => ({ key, units: counted(units) }));
