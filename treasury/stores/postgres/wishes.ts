/**
 * How those who keep their books in one database tell each other that somebody needs what others hold idle of one (`wantedAtMs`): the
 * change itself notifies, and who hears it reads the book. Other changes are told to nobody, since whoever notifies makes all wait who
 * write at the same time.
 */
import type { Book } from '#treasury/book';
import type { BookKey } from '#treasury/grant-store';
import { Listener } from './listener.ts';

const CHANNEL = 'remora_book_wanted';
/** Books that wait to be read; what is beyond is told again within a second, if it is still needed. */
const MAX_HEARD = 1_000;
const READ_AT_ONCE = 100;

export interface WishesOptions {
  readonly url: string;
  /** Who notifies; nobody hears himself. */
  readonly self: string;
  readonly read: (keys: readonly BookKey[]) => Promise<readonly Book[]>;
  readonly take: (book: Book) => void;
}

export class Wishes {
  readonly #options: WishesOptions;
  readonly #listener: Listener;
  readonly #heard = new Map<string, BookKey>();
  #isReading = false;

  constructor(options: WishesOptions) {
    this.#options = options;
    this.#listener = new Listener({ url: options.url, channel: CHANNEL, hear: (payload) => this.#hear(payload) });
  }

  stop(): void {
    this.#listener.stop();
    this.#heard.clear();
  }

  #hear(payload: string): void {
    const [from, budgetId, window] = textsIn(payload);
    if (from === this.#options.self || budgetId === undefined || window === undefined) return;
    if (this.#heard.size < MAX_HEARD) this.#heard.set(`${budgetId} ${window}`, { budgetId, window });
    if (!this.#isReading) void this.#drain();
  }

  /** What is heard meanwhile shares the next read. */
  async #drain(): Promise<void> {
    this.#isReading = true;
    while (this.#heard.size > 0) {
      const some = [...this.#heard].slice(0, READ_AT_ONCE);
      for (const [name] of some) this.#heard.delete(name);
      const books = await this.#options.read(some.map(([, key]) => key)).catch(() => []);
      for (const book of books) this.#options.take(book);
    }
    this.#isReading = false;
  }
}

export const isWish = (next: Book, present: Book | undefined): boolean =>
  next.wantedAtMs !== null && next.wantedAtMs !== present?.wantedAtMs;

/** A statement that changes a row, and tells the wish in it if it did; the payload is the parameter of that number. */
export const tellingWish = (change: string, parameter: number): string =>
  `WITH changed AS (${change}) SELECT pg_notify('${CHANNEL}', $${parameter}) FROM changed`;

export const wishPayload = (self: string, { budgetId, window }: BookKey): string =>
  JSON.stringify([self, budgetId, window]);

/** Everybody who may connect can notify. */
function textsIn(payload: string): readonly string[] {
  try {
    const texts: unknown = JSON.parse(payload);
    return Array.isArray(texts) && texts.every((text) => typeof text === 'string') ? texts : [];
  } catch {
    return [];
  }
}
