/**
 * Rows on their way into the history: what many sidecars report at once is written together, and each is told when its own rows are
 * durable. What cannot be written is tried again, since its pod may be gone by then; what finds no room here stays with the sidecars,
 * which send it again.
 */
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import type { Appended, HistoryStore } from '#history/history-store';
import type { After } from '#treasury/open-book';
import { realAfter } from '#treasury/treasury';
import { type Peer, rowsOfPeer } from './peer-rows.ts';
import { within } from './within.ts';

export interface IntakeLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface IntakeOptions {
  readonly store: Pick<HistoryStore, 'append'>;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: IntakeLog;
  /** Of each append, and of rows that came to none. */
  readonly onRows: (counts: Readonly<Record<RowResult, number>>) => void;
  /** Default: 30 seconds; what is not durable by then is tried again. */
  readonly withinMs?: number;
  /** Default: a timer that does not keep the process alive. */
  readonly after?: After;
}

export const ROW_RESULTS = ['added', 'repeated', 'bad', 'late'] as const;
export type RowResult = (typeof ROW_RESULTS)[number];

/** A report has 500 at most; more would only wait in memory while their sidecars have them on disk. */
const MOST_WAITING_ROWS = 20_000;
/** Reports, and rows, that are written together while all goes well; one report is written however many rows it has. */
const MOST_TOGETHER = { reports: 64, rows: 2_000 } as const;
const WITHIN_MS = 30_000;
export const PAUSE_MS = 1_000;
/** A report that cannot be written for so long makes room; a sidecar that is still there sends it again. */
const GIVE_UP_AFTER_MS = 15 * 60_000;
/** A faulty sidecar must not fill the log. */
const FAULT_LOG_EVERY_MS = 60_000;

interface Waiting {
  readonly podUid: string;
  readonly sinceMs: number;
  readonly rows: readonly unknown[];
  readonly tell: (kept: boolean) => void;
}

export class UsageIntake {
  readonly #options: IntakeOptions;
  #waiting: Waiting[] = [];
  /** Pods with a report that is not answered. */
  readonly #pods = new Set<string>();
  #waitingRows = 0;
  #isWriting = false;
  #isClosed = false;
  /** Reports of the next write. Grows while all goes well; after a failure one at a time. */
  #together = 1;
  #failingSinceMs: number | undefined;
  #faultLoggedAtMs = -Infinity;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get waitingRows(): number {
    return this.#waitingRows;
  }

  /** 0 while rows can be kept. */
  get failingSeconds(): number {
    return this.#failingSinceMs === undefined ? 0 : (this.#options.now() - this.#failingSinceMs) / 1_000;
  }

  /** Resolves to true once all that is to be kept is durable, to false when the records should be sent again. Never rejects. */
  take(records: readonly UsageRecord[], peer: Peer): Promise<boolean> {
    const { podUid } = peer;
    // One report of a pod at a time: what it sends meanwhile is the same once more.
    if (this.#isClosed || this.#pods.has(podUid) || this.#waitingRows >= MOST_WAITING_ROWS)
      return Promise.resolve(false);
    const { rows, bad, fault } = rowsOfPeer(records, peer);
    if (bad > 0) this.#tellOf({ added: 0, repeated: 0, bad, late: 0, ...(fault !== undefined && { fault }) }, peer);
    if (rows.length === 0) return Promise.resolve(true);
    this.#pods.add(podUid);
    this.#waitingRows += rows.length;
    return new Promise((resolve) => {
      this.#waiting.push({ podUid, rows, tell: resolve, sinceMs: this.#options.now() });
      if (!this.#isWriting) void this.#write();
    });
  }

  /** What waits is told to be sent again. */
  close(): void {
    this.#isClosed = true;
    this.#settle(this.#waiting.splice(0), false);
  }

  async #write(): Promise<void> {
    const { now, after = realAfter } = this.#options;
    this.#isWriting = true;
    for (let some = this.#next(); some.length > 0; some = this.#next()) {
      const kept = await this.#append(some.flatMap(({ rows }) => rows));
      this.#together = kept ? Math.min(this.#together * 2, MOST_TOGETHER.reports) : 1;
      const isOver = ({ sinceMs }: Waiting): boolean => kept || this.#isClosed || now() - sinceMs >= GIVE_UP_AFTER_MS;
      this.#settle(some.filter(isOver), kept);
      // Behind the others, so that one that cannot be written holds up no other.
      this.#waiting.push(...some.filter((one) => !isOver(one)));
      if (!kept && !this.#isClosed) await new Promise<void>((resume) => after(PAUSE_MS, resume));
    }
    this.#isWriting = false;
  }

  #settle(some: readonly Waiting[], kept: boolean): void {
    for (const { podUid, rows, tell } of some) {
      this.#pods.delete(podUid);
      this.#waitingRows -= rows.length;
      tell(kept);
    }
  }

  #next(): readonly Waiting[] {
    let sum = 0;
    const fits = this.#waiting.slice(0, this.#together).findIndex(({ rows }, index) => {
      sum += rows.length;
      return index > 0 && sum > MOST_TOGETHER.rows;
    });
    return this.#waiting.splice(0, fits < 0 ? this.#together : fits);
  }

  async #append(rows: readonly unknown[]): Promise<boolean> {
    const { store, now, log, withinMs = WITHIN_MS, after = realAfter } = this.#options;
    try {
      this.#tellOf(await within({ ms: withinMs, after }, store.append(rows, now())));
      if (this.#failingSinceMs !== undefined) log.info({}, 'usage is kept again');
      this.#failingSinceMs = undefined;
      return true;
    } catch (error) {
      if (this.#failingSinceMs === undefined)
        log.warn({ err: error }, 'usage cannot be kept for now and is tried again');
      this.#failingSinceMs ??= now();
      return false;
    }
  }

  #tellOf({ fault, ...counts }: Appended, peer?: Peer): void {
    const { onRows, log, now } = this.#options;
    onRows(counts);
    if (fault === undefined || now() - this.#faultLoggedAtMs < FAULT_LOG_EVERY_MS) return;
    this.#faultLoggedAtMs = now();
    const pod = peer && { pod: `${peer.namespace}/${peer.podName}` };
    log.warn({ ...pod, bad: counts.bad, fault }, 'rows of usage were refused and are not sent again');
  }
}
