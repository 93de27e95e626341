/** One worker and the calls that it has not answered. It is started by the first call, and anew by the first after it broke. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { HistoryUnavailable, ReportImpossible } from '#history/history-store';
import type { CallMessage, Method, ReplyMessage, WorkerSettings } from './protocol.ts';

/** More would only wait in memory. */
const MOST_CALLS = 64;

/** Beside this file as source, beside the bundle where there is one: `tools/bundle.ts` names it. */
const SOURCE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './history-worker.cjs', import.meta.url),
);

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerThread {
  readonly #settings: WorkerSettings;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;
  #closed = false;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
  }

  /** Rejects with HistoryUnavailable where the worker has more to do than it may, has ended or is closed. */
  call<T>(method: Method, ...args: readonly unknown[]): Promise<T> {
    if (this.#closed) return Promise.reject(new HistoryUnavailable('the history is closed'));
    if (this.#waiting.size >= MOST_CALLS)
      return Promise.reject(
        new HistoryUnavailable(`SQLite: ${MOST_CALLS} calls are waiting already. Try again later.`),
      );
    this.#calls += 1;
    const message: CallMessage = { id: this.#calls, method, args };
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      const worker = this.#running();
      // Only what is waited for keeps the process alive.
      worker.ref();
      worker.postMessage(message);
    });
  }

  /** After all calls before it. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (this.#closed || worker === undefined) {
      this.#closed = true;
      return;
    }
    const closed = this.call('close').catch(() => {});
    this.#closed = true;
    await closed;
    await worker.terminate();
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(SOURCE, { workerData: this.#settings });
    this.#worker = worker;
    worker.on('message', (reply: ReplyMessage) => this.#settle(reply));
    worker.on('error', (error) => this.#broke(worker, error));
    worker.on('exit', () => this.#broke(worker, undefined));
    return worker;
  }

  #settle({ id, result, error }: ReplyMessage): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(errorOf(error));
  }

  #broke(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values())
      reject(new HistoryUnavailable('SQLite: the thread of the history ended.', cause));
    this.#waiting.clear();
  }
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  if (name === 'HistoryUnavailable') return new HistoryUnavailable(message);
  if (name === 'ReportImpossible') return new ReportImpossible(message);
  return Object.assign(new Error(message), { name });
}
