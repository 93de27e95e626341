/** Where the history is kept: rows of usage, sums of them for reports, and records of changes. */
import type { AuditPage, AuditQuery, KnownObject } from '#contract/history/audit';
import type { Rates } from '#contract/history/rates';
import type { ReportAnswer, ReportQuery } from '#contract/history/report';
import type { Label, UsageRow } from '#contract/history/usage-row';

export interface Appended {
  readonly added: number;
  /** Rows that were there before. */
  readonly repeated: number;
  /** Rows that are none, or of a time to come. They are skipped, and nobody need send them again. */
  readonly bad: number;
  /** Rows of a time whose rows are deleted by now. They are skipped. */
  readonly late: number;
  /** What is wrong with the first bad one. */
  readonly fault?: string;
}

export interface RowFilter {
  readonly fromMs: number;
  readonly toMs: number;
  readonly where?: Readonly<Partial<Record<Label, readonly string[]>>>;
}

/** Of the last row that was read. */
export type RowCursor = Readonly<Pick<UsageRow, 'timeMs' | 'instance' | 'seq'>>;

export interface RowPage {
  readonly rows: readonly UsageRow[];
  /** undefined: there are no more. */
  readonly next: RowCursor | undefined;
}

/** A price that was wrong, and what it is. */
export interface Correction {
  readonly provider: string;
  readonly model: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly rates: Rates;
  readonly priceVersion: string;
}

export interface Corrected {
  /** Rows whose cost or price version changed. */
  readonly rows: number;
  /** What it made of the sum. */
  readonly differenceNanoUsd: bigint;
}

/** What one operator tells of one cluster. */
export interface AuditFacts {
  /** Tells clusters apart that keep one history. */
  readonly cluster: string;
  readonly facts: readonly unknown[];
}

export interface AuditKept {
  readonly kept: number;
  /** Facts that are none. They are skipped, and nobody need tell them again. */
  readonly bad: number;
  /** What is wrong with the first bad one. */
  readonly fault?: string;
}

export interface KnownScope {
  readonly cluster: string;
  /** undefined: all of them. */
  readonly namespace?: string | undefined;
}

export interface KnownPage {
  readonly known: readonly KnownObject[];
  /** The uid of the last one; undefined: there are no more. */
  readonly next: string | undefined;
}

/** What whoever tells of changes needs. */
export interface AuditStore {
  /** Keeps each version of an object once, whoever tells of it how often and in whatever order: durable when it resolves. */
  audit(facts: AuditFacts): Promise<AuditKept>;
  /** By uid: the objects that are there, as far as was told. */
  auditKnown(scope: KnownScope, after?: string): Promise<KnownPage>;
}

/** In days; rows and sums are deleted by whole months. */
export interface Retention {
  readonly rowDays: number;
  /** Of sums by user. */
  readonly userDays: number;
  readonly reportDays: number;
  /** Of records of changes. */
  readonly auditDays: number;
}

/** Thirteen months of what tells users apart, so that the same month of last year is there; five years of all other sums; a year of changes. */
export const RETENTION: Retention = { rowDays: 395, userDays: 395, reportDays: 1_830, auditDays: 365 };

/** Every method rejects with HistoryUnavailable when the engine does not answer, is full or is closed; what it was asked may then have been done or not. */
export interface HistoryStore extends AuditStore {
  /**
   * Keeps each row once, whoever sends it how often, and adds it to the sums in the same transaction: durable when it resolves. `nowMs`
   * tells rows of a time to come. After a rejection the same rows can be sent again.
   */
  append(rows: readonly unknown[], nowMs: number): Promise<Appended>;
  /** Rejects with ReportImpossible when nothing that is kept can answer it. */
  report(query: ReportQuery): Promise<ReportAnswer>;
  /** By time. */
  rows(filter: RowFilter, after?: RowCursor): Promise<RowPage>;
  /** Gives each row of that provider, model and time the cost that it should have had. Done in steps: when it rejects, asking again does the rest. */
  rerate(correction: Correction): Promise<Corrected>;
  /** Newest first. */
  auditRecords(query: AuditQuery): Promise<AuditPage>;
  /** Deletes what is older than it need be kept, and prepares the time to come. Resolves to how many rows and sums it deleted, where the engine tells. */
  prune(nowMs: number): Promise<number>;
  /** A whole copy in another file, made while the history is in use. Only of a history that is a file. */
  backup?(file: string): Promise<void>;
  /** Size on the disk. Only of a history that is a file. */
  bytes?(): number;
  close(): Promise<void>;
}

/** The message says why and, where a person can help, what to do; never the URL, which may hold a password. */
export class HistoryUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'HistoryUnavailable';
  }
}

export class ReportImpossible extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReportImpossible';
  }
}
