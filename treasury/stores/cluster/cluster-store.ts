/** Books as AIBudgetLedger objects: every change is a conditional write on resourceVersion, so that two leaders cannot both win. */
import { setTimeout as delay } from 'node:timers/promises';
import { API_GROUP_VERSION, KIND } from '#contract/names/api';
import { isPartition, ownerOfBook } from '#contract/policy/book-id';
import type { Book } from '#treasury/book';
import { BookUnreadable, decodeBook, encodeBook } from '#treasury/book-codec';
import { bookName } from '#treasury/book-name';
import { GrantRefused } from '#treasury/grant-authority';
import { type BookKey, type BookStep, type GrantStore, isDisposable, StoreUnavailable } from '#treasury/grant-store';
import { OpenWork } from '#treasury/stores/open-work';
import type { Cluster, GrantStoreKind } from '#treasury/stores/store-kind';
import { bookIn, LedgerIndex, MAX_BOOKS_OF_OBJECT } from './ledger-index.ts';
import type { LedgerObject } from './ledger-objects.ts';

const MAX_ATTEMPTS = 8;
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 500;
/** What `spec.book` of the resource accepts. */
const MAX_BOOK_CHARS = 1_000_000;

export interface ClusterGrantStoreOptions extends Cluster {
  /** In [0, 1), for the jitter between attempts. */
  readonly random?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

const statusOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** Another writer was faster: it changed, created or deleted the object. */
const isConflict = (error: unknown): boolean => statusOf(error) === 409 || statusOf(error) === 404;

const namespaceOf = (key: BookKey): string => key.budgetId.split('/', 1)[0] ?? '';

export class ClusterGrantStore implements GrantStore {
  readonly watched = true;
  readonly #objects: Cluster['objects'];
  readonly #ownerOf: Cluster['ownerOf'];
  readonly #ledgers: LedgerIndex;
  readonly #random: () => number;
  readonly #wait: (ms: number) => Promise<unknown>;
  readonly #work = new OpenWork();

  constructor(options: ClusterGrantStoreOptions) {
    const { objects, ownerOf, ledgers = new LedgerIndex(), random = Math.random, wait = delay } = options;
    this.#objects = objects;
    this.#ownerOf = ownerOf;
    this.#ledgers = ledgers;
    this.#random = random;
    this.#wait = wait;
  }

  onChange(take: (book: Book) => void): void {
    this.#ledgers.onBook = take;
  }

  async read(key: BookKey): Promise<Book | undefined> {
    const object = await this.#objects.get(namespaceOf(key), bookName(key));
    return object === undefined ? undefined : bookOf(object, key);
  }

  update<T>(key: BookKey, step: BookStep<T>): Promise<T> {
    return this.#work.run(() => this.#update(key, step));
  }

  /** Those of one limit come from the watch: listing thousands of objects for each status would be felt. */
  async books(limitId?: string): Promise<readonly Book[]> {
    if (limitId !== undefined) return this.#ledgers.booksOf(limitId);
    const objects = (await this.#objects.list?.()) ?? [];
    return objects.flatMap((object) => bookIn(object) ?? []);
  }

  sweep(nowMs: number): Promise<number> {
    return this.#work.run(() => this.#sweep(nowMs));
  }

  close(): Promise<void> {
    return this.#work.close();
  }

  async #update<T>(key: BookKey, step: BookStep<T>): Promise<T> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 0) await this.#wait(this.#random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt));
      const present = await this.#objects.get(namespaceOf(key), bookName(key));
      const book = present === undefined ? undefined : bookOf(present, key);
      const next = step(book);
      if (next.book === undefined || next.book === book) return next.result;
      if (await this.#written(key, next.book, present)) return next.result;
    }
    throw new StoreUnavailable(`${MAX_ATTEMPTS} writers in a row were faster on the ledger ${bookName(key)}`);
  }

  async #sweep(nowMs: number): Promise<number> {
    const objects = (await this.#objects.list?.()) ?? [];
    let deleted = 0;
    for (const object of objects) {
      if (this.#work.closed) break;
      const book = bookIn(object);
      if (book === undefined || !isDisposable(book, nowMs)) continue;
      if (await this.#deleted(object)) deleted += 1;
    }
    return deleted;
  }

  /** False: meanwhile something was granted from it. */
  async #deleted(object: LedgerObject): Promise<boolean> {
    const { namespace, name, resourceVersion } = object.metadata;
    try {
      await this.#objects.delete(namespace, name, resourceVersion);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    this.#ledgers.remove(object.metadata);
    return true;
  }

  async #written(key: BookKey, book: Book, present: LedgerObject | undefined): Promise<boolean> {
    if (present === undefined) this.#mustHaveRoom(key);
    const object = this.#objectFor(key, book, present);
    try {
      await (present === undefined ? this.#objects.create(object) : this.#objects.replace(object));
      this.#ledgers.apply(object);
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  /** Limits that are not kept apart have few books; only users and the like can become too many. */
  #mustHaveRoom({ budgetId }: BookKey): void {
    if (!isPartition(budgetId) || this.#ledgers.count(budgetId) < MAX_BOOKS_OF_OBJECT) return;
    const { kind, namespace, name } = ownerOfBook(budgetId);
    throw new GrantRefused(
      `The ${kind} ${namespace}/${name} keeps ${MAX_BOOKS_OF_OBJECT} books, the most that the API server is to carry: ` +
        'too many values for windows this short. Have its windows lengthened, its limits spread over several AIBudgets, or the books kept in PostgreSQL.',
    );
  }

  #objectFor(key: BookKey, book: Book, present: LedgerObject | undefined): LedgerObject {
    const text = encodeBook(book);
    if (text.length > MAX_BOOK_CHARS) throw new StoreUnavailable(`the ledger ${bookName(key)} is full`);
    const { kind } = ownerOfBook(key.budgetId);
    const owner = this.#ownerOf(key.budgetId);
    const owned = owner === undefined ? {} : { ownerReferences: [{ apiVersion: API_GROUP_VERSION, kind, ...owner }] };
    return {
      apiVersion: API_GROUP_VERSION,
      kind: KIND.budgetLedger,
      // The reference is written anew each time: a book must not die with an AIBudget that was deleted and created again.
      metadata: { ...(present?.metadata ?? { name: bookName(key), namespace: namespaceOf(key) }), ...owned },
      spec: { book: text },
    };
  }
}

function bookOf(object: LedgerObject, key: BookKey): Book {
  const book = decodeBook(object.spec.book);
  if (book.budgetId === key.budgetId && book.window === key.window) return book;
  throw new BookUnreadable(`${object.metadata.namespace}/${object.metadata.name} holds the book of ${book.budgetId}`);
}

export const CLUSTER_STORE: GrantStoreKind = {
  form: 'cluster:',
  pattern: /^cluster:$/,
  shared: true,
  open(_url, cluster) {
    if (cluster === undefined)
      throw new Error('The grant store cluster: is for the operator, which has an API server.');
    return new ClusterGrantStore(cluster);
  },
};
