/** Books as files of one folder, for one process: written aside, synced, renamed. What a standalone Remora keeps its budgets in. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { limitOfBook } from '#contract/policy/book-id';
import type { Book } from '#treasury/book';
import { BookUnreadable, decodeBook, encodeBook } from '#treasury/book-codec';
import { bookName } from '#treasury/book-name';
import { type BookKey, type BookStep, type GrantStore, isDisposable } from '#treasury/grant-store';
import { OpenWork } from '#treasury/stores/open-work';
import type { GrantStoreKind } from '#treasury/stores/store-kind';
import { lockFolder } from './folder-lock.ts';

const SUFFIX = '.book';
const NEW = '.new';
/** File systems take 255 bytes. */
const MAX_NAME_CHARS = 255 - SUFFIX.length - NEW.length;
const SCHEME = 'file:';

export class FileGrantStore implements GrantStore {
  readonly watched = false;
  readonly #folder: string;
  readonly #unlock: () => void;
  /** The last write per file, so that each starts after the one before. */
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #work = new OpenWork();

  private constructor(folder: string, unlock: () => void) {
    this.#folder = folder;
    this.#unlock = unlock;
  }

  /** Makes the folder if need be. Throws StoreUnavailable when another living process uses it. */
  static open(folder: string): FileGrantStore {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new FileGrantStore(folder, lockFolder(folder));
  }

  async read(key: BookKey): Promise<Book | undefined> {
    const book = await readBook(this.#path(key));
    if (book === undefined || (book.budgetId === key.budgetId && book.window === key.window)) return book;
    throw new BookUnreadable(`${this.#path(key)} holds the book of ${book.budgetId}`);
  }

  update<T>(key: BookKey, step: BookStep<T>): Promise<T> {
    return this.#work.run(() => this.#queued(key, () => this.#write(key, step)));
  }

  async books(limitId?: string): Promise<readonly Book[]> {
    const books = await Promise.all((await this.#paths()).map((path) => readBook(path).catch(() => undefined)));
    const whole = books.filter((book) => book !== undefined);
    return limitId === undefined ? whole : whole.filter(({ budgetId }) => limitOfBook(budgetId) === limitId);
  }

  sweep(nowMs: number): Promise<number> {
    return this.#work.run(() => this.#sweep(nowMs));
  }

  /** Lets another process in, too. */
  async close(): Promise<void> {
    await this.#work.close();
    this.#unlock();
  }

  #path(key: BookKey): string {
    return join(this.#folder, bookName(key, MAX_NAME_CHARS) + SUFFIX);
  }

  async #paths(): Promise<string[]> {
    const names = await readdir(this.#folder);
    return names.filter((name) => name.endsWith(SUFFIX)).map((name) => join(this.#folder, name));
  }

  async #sweep(nowMs: number): Promise<number> {
    const old = (await this.books()).filter((book) => isDisposable(book, nowMs));
    let deleted = 0;
    for (const key of old) {
      if (this.#work.closed) break;
      if (await this.#queued(key, () => this.#removed(key, nowMs))) deleted += 1;
    }
    return deleted;
  }

  /** Looks again: meanwhile something may have been granted from it. */
  async #removed(key: BookKey, nowMs: number): Promise<boolean> {
    const book = await this.read(key);
    if (book === undefined || !isDisposable(book, nowMs)) return false;
    await rm(this.#path(key), { force: true });
    return true;
  }

  #queued<T>(key: BookKey, work: () => Promise<T>): Promise<T> {
    const path = this.#path(key);
    const mine = (this.#tails.get(path) ?? Promise.resolve()).then(work);
    const tail = mine
      .catch(() => undefined)
      .finally(() => {
        if (this.#tails.get(path) === tail) this.#tails.delete(path);
      });
    this.#tails.set(path, tail);
    return mine;
  }

  async #write<T>(key: BookKey, step: BookStep<T>): Promise<T> {
    const book = await this.read(key);
    const next = step(book);
    if (next.book === undefined || next.book === book) return next.result;
    const path = this.#path(key);
    await writeDurably(path + NEW, seal(encodeBook(next.book)));
    await rename(path + NEW, path);
    await syncFolder(this.#folder);
    return next.result;
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The checksum comes first, so that a flipped bit is noticed and not granted from. */
const seal = (text: string): string => `${digest(text)}\n${text}\n`;

async function readBook(path: string): Promise<Book | undefined> {
  const sealed = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (sealed === undefined) return undefined;
  const text = sealed.slice(sealed.indexOf('\n') + 1, -1);
  if (sealed !== seal(text)) {
    throw new BookUnreadable(`${path} is damaged. Delete it to let the limit start anew, or restore it.`);
  }
  return decodeBook(text);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes the rename itself durable; some systems cannot sync a folder, and need not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

export const FILE_STORE: GrantStoreKind = {
  form: 'file:<folder>',
  pattern: /^file:.+$/,
  // Its lock knows the processes of one machine and one container.
  shared: false,
  open: (url) => FileGrantStore.open(url.slice(SCHEME.length)),
};
