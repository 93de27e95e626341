/** The thread in which SQLite runs, so that neither a report nor the disk holds up the process. */
import { parentPort, workerData } from 'node:worker_threads';
import { SqlHistory } from '#history/sql/sql-history';
import type { CallMessage, ReplyMessage, WorkerSettings } from './protocol.ts';
import { SqliteDatabase } from './sqlite-database.ts';

type Calls = Readonly<Record<CallMessage['method'], (...args: never[]) => Promise<unknown>>>;

async function open(settings: WorkerSettings): Promise<Calls> {
  const db = await SqliteDatabase.open(settings);
  const history = new SqlHistory(db, settings.retention);
  return {
    append: history.append.bind(history),
    report: history.report.bind(history),
    rows: history.rows.bind(history),
    rerate: history.rerate.bind(history),
    audit: history.audit.bind(history),
    auditKnown: history.auditKnown.bind(history),
    auditRecords: history.auditRecords.bind(history),
    prune: history.prune.bind(history),
    backup: db.backup.bind(db),
    close: history.close.bind(history),
  };
}

let opened: Promise<Calls> | undefined;

/** One try at a time; what cannot be opened is tried anew by the next call. */
function calls(): Promise<Calls> {
  opened ??= open(workerData as WorkerSettings).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function reply({ id, method, args }: CallMessage): Promise<ReplyMessage> {
  try {
    const history = await calls();
    return { id, result: await history[method](...(args as never[])) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { id, error: { name, message } };
  }
}

parentPort?.on('message', (call: CallMessage) => {
  void reply(call).then((message) => {
    parentPort?.postMessage(message);
    if (call.method === 'close') parentPort?.close();
  });
});
