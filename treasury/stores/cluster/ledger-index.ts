/** The books that the API server is known to hold, as a watch and our own writes tell: for figures and bounds, never to grant from. */
import { budgetKeyOfBook, limitOfBook } from '#contract/policy/book-id';
import type { Book } from '#treasury/book';
import { decodeReadable } from '#treasury/book-codec';
import type { LedgerObject } from './ledger-objects.ts';

/** Of one object that states limits, before it gets no further book of a partition: what an API server carries without being felt. Replicas may pass it by a few. */
export const MAX_BOOKS_OF_OBJECT = 10_000;

interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

const nameOf = ({ namespace, name }: ObjectName): string => `${namespace}/${name}`;

export class LedgerIndex {
  /** By the object that states the limit, then by `namespace/name` of the book's. */
  readonly #byBudget = new Map<string, Map<string, Book>>();
  readonly #budgetOf = new Map<string, string>();

  /** Hears of each book that a watch or our own writes tell of. */
  onBook: (book: Book) => void = () => undefined;

  apply(object: LedgerObject): void {
    const book = bookIn(object);
    if (book === undefined) return;
    this.onBook(book);
    const [name, budget] = [nameOf(object.metadata), budgetKeyOfBook(book.budgetId)];
    const books = this.#byBudget.get(budget) ?? new Map<string, Book>();
    this.#byBudget.set(budget, books.set(name, book));
    this.#budgetOf.set(name, budget);
  }

  remove(object: ObjectName): void {
    const name = nameOf(object);
    const budget = this.#budgetOf.get(name) ?? '';
    const books = this.#byBudget.get(budget);
    books?.delete(name);
    if (books?.size === 0) this.#byBudget.delete(budget);
    this.#budgetOf.delete(name);
  }

  booksOf(limitId: string): readonly Book[] {
    const books = this.#byBudget.get(budgetKeyOfBook(limitId)) ?? new Map<string, Book>();
    return [...books.values()].filter(({ budgetId }) => limitOfBook(budgetId) === limitId);
  }

  /** How many books of all limits and windows an object has that states limits; the id is that of any of them. */
  count(bookId: string): number {
    return this.#byBudget.get(budgetKeyOfBook(bookId))?.size ?? 0;
  }
}

/** Undefined for what is no book: it is left alone. */
export const bookIn = (object: LedgerObject): Book | undefined => decodeReadable(object.spec.book);
