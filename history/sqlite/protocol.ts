/** What the threads say to each other: a call by the name of a method, and its result. */
import type { Retention } from '#history/history-store';
import type { SqliteOptions } from './sqlite-database.ts';

export interface WorkerSettings extends SqliteOptions {
  readonly retention: Retention;
}

export type Method =
  | 'append'
  | 'report'
  | 'rows'
  | 'rerate'
  | 'audit'
  | 'auditKnown'
  | 'auditRecords'
  | 'prune'
  | 'backup'
  | 'close';

export interface CallMessage {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export interface ReplyMessage {
  readonly id: number;
  readonly result?: unknown;
  /** An error is its name and message: classes do not pass between threads. */
  readonly error?: { readonly name: string; readonly message: string };
}
