/** Where books are kept. One operation: an atomic read-modify-write of one book, durable before it resolves. */
import type { Book } from './book.ts';

export interface BookKey {
  /** `namespace/name/limit`. */
  readonly budgetId: string;
  readonly window: string;
}

export interface GrantStore {
  /**
   * Calls `change` with the present book, or undefined; stores what it returns under a condition that fails when another writer
   * was faster, and then calls it again. `change` must be pure. Rejects after a bounded number of conflicts or at the deadline.
   */
  update<T>(key: BookKey, change: (book: Book | undefined) => { readonly book: Book; readonly result: T }): Promise<T>;
  read(key: BookKey): Promise<Book | undefined>;
}
