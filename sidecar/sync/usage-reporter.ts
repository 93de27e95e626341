/** Tells the operator what is spent: cumulative use per grant and the usage rows, one unacknowledged report at a time. */
import { encodeGrantUsage } from '#contract/wire/codec';
import type {
  GrantUsage as GrantUsageMessage,
  UsageRecord as UsageRecordMessage,
} from '#contract/wire/gen/remora/policy/v1/sync';
import { type KeptRow, rowJson } from '#sidecar/budget/row-text';
import type { Timers } from '#sidecar/time/timers';
import type { GrantUsage } from '#treasury/grant-authority';
import type { Send } from './grant-client.ts';

/** What the budget gate has to tell. */
export interface UsageOutbox {
  /** What is used now of every grant held. */
  grants(): readonly GrantUsage[];
  /** Records that history has not confirmed, oldest first. */
  pending(atMost: number): readonly KeptRow[];
  /** All records of the instance up to this number are stored. */
  acknowledge(instance: string, seq: number): void;
}

const LOOK_MS = 1_000;
/** Looks from one report to the next. Each costs the operator a write to its disk, so that rows do not travel one by one. */
const LOOKS = 5;
/** A report that is not acknowledged by then is sent again. */
const ACK_WITHIN_MS = 10_000;
const MAX_RECORDS = 500;
/** Of the rows of one report; one row has a few thousand at most. */
const MAX_BYTES = 1_000_000;

interface SentReport {
  readonly seq: number;
  /** By grant, what is used of it. */
  readonly used: ReadonlyMap<string, bigint>;
  readonly records: readonly KeptRow[];
  readonly cancel: () => void;
}

export class UsageReporter {
  readonly #outbox: UsageOutbox;
  readonly #timers: Timers;
  readonly #cancelFlushes: () => void;
  #looks = 0;
  /** Nobody has time: what is left is told as fast as it can be. */
  #isLast = false;
  /** Something about grants is not in the report that was sent last. */
  #dirty = false;
  #send: Send | undefined;
  #sent: SentReport | undefined;
  /** What the operator has acknowledged of each grant that was held then. */
  #told: ReadonlyMap<string, bigint> = new Map();
  #lastSeq = 0;

  constructor(outbox: UsageOutbox, timers: Timers) {
    this.#outbox = outbox;
    this.#timers = timers;
    this.#cancelFlushes = timers.every(LOOK_MS, () => this.#look());
  }

  /** True when the operator has confirmed all there is to tell. */
  get settled(): boolean {
    return this.#sent === undefined && !this.#dirty && this.#outbox.pending(1).length === 0;
  }

  /** Some grant is used more than the operator was told. */
  report(): void {
    this.#dirty = true;
    this.flush();
  }

  /** For Hello. */
  openGrants(): GrantUsageMessage[] {
    return this.#outbox.grants().map(encodeGrantUsage);
  }

  connected(send: Send): void {
    this.#send = send;
    this.flush();
  }

  disconnected(): void {
    this.#send = undefined;
    this.#unsend();
  }

  acknowledged(seq: number): void {
    if (this.#sent?.seq !== seq) return;
    const { records, used, cancel } = this.#sent;
    cancel();
    this.#sent = undefined;
    this.#told = used;
    const highest = new Map(records.map((record) => [record.instance, record.seq]));
    for (const [instance, upTo] of highest) this.#outbox.acknowledge(instance, upTo);
    if (this.#dirty || this.#isLast || this.#isFull) this.flush();
  }

  /** From now on nothing waits for more. */
  finish(): void {
    this.#isLast = true;
    this.flush();
  }

  #look(): void {
    this.#looks += 1;
    if (this.#looks % LOOKS === 0 || this.#isFull) this.flush();
  }

  /** A report would have as many rows as it may. */
  get #isFull(): boolean {
    return this.#outbox.pending(MAX_RECORDS).length === MAX_RECORDS;
  }

  /** Sends what is new unless a report waits for its acknowledgement. */
  flush(): void {
    if (!this.#send || this.#sent) return;
    const pending = this.#outbox.pending(MAX_RECORDS);
    if (!this.#dirty && pending.length === 0) return;
    const encoded = encodeRecords(pending);
    const records = pending.slice(0, encoded.length);
    this.#lastSeq += 1;
    const seq = this.#lastSeq;
    const open = this.#outbox.grants();
    // A holder of a grant per user has thousands of which one has changed.
    const grown = open.filter(({ grantId, used }) => used > (this.#told.get(grantId) ?? 0n));
    const value = { seq, grants: grown.map(encodeGrantUsage), records: encoded };
    if (!this.#send({ $case: 'usageReport', value })) return;
    this.#dirty = false;
    const cancel = this.#timers.after(ACK_WITHIN_MS, () => {
      this.#unsend();
      this.flush();
    });
    this.#sent = { seq, used: new Map(open.map(({ grantId, used }) => [grantId, used])), records, cancel };
  }

  close(): void {
    this.#cancelFlushes();
    this.#send = undefined;
    this.#unsend();
  }

  #unsend(): void {
    if (!this.#sent) return;
    this.#sent.cancel();
    this.#sent = undefined;
    this.#dirty = true;
  }
}

/** As many as fit, from the first on. */
function encodeRecords(records: readonly KeptRow[]): UsageRecordMessage[] {
  const encoded: UsageRecordMessage[] = [];
  let bytes = 0;
  for (const record of records) {
    const row = Buffer.from(rowJson(record));
    bytes += row.length;
    if (bytes > MAX_BYTES) break;
    encoded.push({ instance: record.instance, seq: record.seq, row });
  }
  return encoded;
}
