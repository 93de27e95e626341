/** The history in one file of SQLite: two threads, one that writes and one that reads. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AuditPage, AuditQuery } from '#contract/history/audit';
import type { ReportAnswer, ReportQuery } from '#contract/history/report';
import type { HistoryKind, HistoryOptions } from '#history/history-kind';
import type {
  Appended,
  AuditFacts,
  AuditKept,
  Corrected,
  Correction,
  HistoryStore,
  KnownPage,
  KnownScope,
  RowCursor,
  RowFilter,
  RowPage,
} from '#history/history-store';
import { WorkerThread } from './worker-thread.ts';

const SCHEME = 'sqlite:';
/** About 130 million attempts: of rows as they come, 260 bytes each with their share of the sums. */
const MAX_BYTES = 32 * 2 ** 30;

export class SqliteHistory implements HistoryStore {
  readonly #file: string;
  readonly #writer: WorkerThread;
  readonly #reader: WorkerThread;
  /** The reader finds a file only after the writer has made it. */
  #made: Promise<unknown> | undefined;

  constructor(file: string, { retention, maxBytes = MAX_BYTES }: HistoryOptions) {
    this.#file = file;
    this.#writer = new WorkerThread({ file, retention, maxBytes, readOnly: false });
    this.#reader = new WorkerThread({ file, retention, maxBytes, readOnly: true });
  }

  append(rows: readonly unknown[], nowMs: number): Promise<Appended> {
    return this.#writer.call('append', rows, nowMs);
  }

  report(query: ReportQuery): Promise<ReportAnswer> {
    return this.#read('report', query);
  }

  rows(filter: RowFilter, after?: RowCursor): Promise<RowPage> {
    return this.#read('rows', filter, after);
  }

  rerate(correction: Correction): Promise<Corrected> {
    return this.#writer.call('rerate', correction);
  }

  audit(facts: AuditFacts): Promise<AuditKept> {
    return this.#writer.call('audit', facts);
  }

  auditKnown(scope: KnownScope, after?: string): Promise<KnownPage> {
    return this.#read('auditKnown', scope, after);
  }

  auditRecords(query: AuditQuery): Promise<AuditPage> {
    return this.#read('auditRecords', query);
  }

  prune(nowMs: number): Promise<number> {
    return this.#writer.call('prune', nowMs);
  }

  backup(file: string): Promise<void> {
    return this.#writer.call('backup', file);
  }

  bytes(): number {
    return [this.#file, `${this.#file}-wal`].reduce(
      (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  async close(): Promise<void> {
    await this.#reader.close();
    await this.#writer.close();
  }

  async #read<T>(method: 'report' | 'rows' | 'auditKnown' | 'auditRecords', ...args: readonly unknown[]): Promise<T> {
    this.#made ??= this.#writer.call('append', [], 0);
    await this.#made.catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#reader.call(method, ...args);
  }
}

export const SQLITE_HISTORY: HistoryKind = {
  form: 'sqlite:<file>',
  pattern: /^sqlite:.+$/,
  shared: false,
  open(url, options) {
    const file = url.slice(SCHEME.length);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return new SqliteHistory(file, options);
  },
};
