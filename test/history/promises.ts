/** What a suite over every history is made of: a place for each promise, and a test of it there. */
import type { TestContext } from 'node:test';
import type { HistoryStore, Retention } from '#history/history-store';

export interface HistoryPlace {
  open(retention?: Retention): HistoryStore;
}
/** undefined: what it needs is not on this machine, and the test was told so. */
export type PlaceFor = (t: TestContext) => HistoryPlace | undefined | Promise<HistoryPlace | undefined>;

export type Promises = (what: string, prove: (open: HistoryPlace['open'], t: TestContext) => Promise<void>) => void;
