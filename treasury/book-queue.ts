/** The steps on one book, one write after the other: this process never conflicts with itself, and what waits shares one write. */
import type { Book } from './book.ts';
import { type BookKey, type BookStep, type GrantStore, StoreUnavailable } from './grant-store.ts';

const MAX_WAITING = 10_000;
const MAX_BATCH = 256;

interface Job {
  readonly run: (book: Book | undefined) => { book: Book | undefined; done: () => void };
  readonly fail: (error: unknown) => void;
}

export class BookQueue {
  readonly #store: GrantStore;
  readonly #key: BookKey;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(store: GrantStore, key: BookKey) {
    this.#store = store;
    this.#key = key;
  }

  get idle(): boolean {
    return this.#running === undefined;
  }

  /** Resolves when nothing is waiting any more; never rejects. */
  async drained(): Promise<void> {
    await this.#running;
  }

  /** Resolves with the step's result once it is durable. A step that throws leaves the book as it was and rejects only its own caller. */
  submit<T>(step: BookStep<T>): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING)
      return Promise.reject(new StoreUnavailable('too many changes wait on one book'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: (book) => runStep(step, book, { resolve, reject }), fail: reject });
      this.#running ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // Whatever is submitted in the same tick shares the first write.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, MAX_BATCH));
    this.#running = undefined;
  }

  async #write(batch: readonly Job[]): Promise<void> {
    try {
      const dones = await this.#store.update(this.#key, (book) => runAll(batch, book));
      for (const done of dones) done();
    } catch (error) {
      for (const job of batch) job.fail(error);
    }
  }
}

function runAll(batch: readonly Job[], first: Book | undefined) {
  let book = first;
  const result: (() => void)[] = [];
  for (const job of batch) {
    const ran = job.run(book);
    book = ran.book;
    result.push(ran.done);
  }
  return { book, result };
}

interface Caller<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function runStep<T>(step: BookStep<T>, book: Book | undefined, caller: Caller<T>) {
  try {
    const { book: next, result } = step(book);
    return { book: next, done: () => caller.resolve(result) };
  } catch (error) {
    return { book, done: () => caller.reject(error) };
  }
}
