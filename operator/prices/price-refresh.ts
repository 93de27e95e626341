/**
 * Keeps the price book in force up to date: fetched every so often, checked, taken when it is sound and not older, stored for the next
 * start. What fails changes nothing and says so. Every replica does so for itself; whoever cannot fetch takes what another one stored.
 */
import { type PriceBook, priceBookVersion } from '#contract/compile/price-book-schema';
import type { Logger } from '#operator/telemetry/log';
import type { BookSource } from './book-source.ts';
import { readBook } from './read-book.ts';
import type { StoredBook } from './stored-book.ts';

/** It is tomorrow already where somebody wrote the book. */
const EARLY_MS = 86_400_000;

export type RefreshOutcome = 'changed' | 'unchanged' | 'failed';

export interface PriceRefreshOptions {
  readonly source: BookSource;
  readonly stored: Pick<StoredBook, 'load' | 'save'>;
  /** Milliseconds between the end of one look and the next. */
  readonly everyMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly inForce: () => PriceBook;
  readonly take: (book: PriceBook) => void;
  readonly onOutcome: (outcome: RefreshOutcome) => void;
  /** Something else is wrong than the last time. */
  readonly onFault: (sentence: string) => void;
  readonly log: Logger;
}

/** Source of the book that comes with the release. */
export const BUILT_IN = 'built in';

export class PriceRefresh {
  readonly #options: PriceRefreshOptions;
  /** Of the last text that was read, sound or not: the same one need not be read again. */
  #tag: string | undefined;
  /** What is wrong with that text. */
  #fault: Error | undefined;
  /** What was told last of what is wrong; empty: nothing is. */
  #told = '';
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(options: PriceRefreshOptions) {
    this.#options = options;
  }

  /** Takes what the last process stored; resolves then. The first look at the source follows. */
  async start(): Promise<void> {
    await this.#takeStored((stored, inForce) => stored.date >= inForce.date);
    await this.#store(this.#options.inForce(), BUILT_IN);
    this.#look();
  }

  /** Never rejects. */
  async refresh(): Promise<RefreshOutcome> {
    const outcome = await this.#fetched().catch(async (error: unknown) => {
      const { source, inForce, log } = this.#options;
      const inForceVersion = priceBookVersion(inForce());
      log.warn({ err: error, source: source.name, inForce: inForceVersion }, 'kept the price book in force');
      this.#tell(`Kept the price book ${inForceVersion}: ${source.name}: ${messageOf(error)}.`);
      await this.#takeStored((stored, { date }) => stored.date > date);
      return 'failed' as const;
    });
    if (outcome !== 'failed') this.#told = '';
    this.#options.onOutcome(outcome);
    return outcome;
  }

  #tell(sentence: string): void {
    if (sentence !== this.#told) this.#options.onFault(sentence);
    this.#told = sentence;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#options.source.close();
    await this.#running;
  }

  #look(): void {
    this.#running = this.refresh().then(() => {
      if (!this.#isClosed) this.#timer = setTimeout(() => this.#look(), this.#options.everyMs).unref();
    });
  }

  async #fetched(): Promise<'changed' | 'unchanged'> {
    const { source, inForce } = this.#options;
    const fetched = await source.fetch(this.#tag);
    if (fetched.kind === 'unchanged') {
      if (this.#fault !== undefined) throw this.#fault;
      return 'unchanged';
    }
    this.#tag = fetched.tag;
    this.#fault = undefined;
    const book = this.#sound(fetched.text);
    const isNew = priceBookVersion(book) !== priceBookVersion(inForce());
    if (isNew) this.#take(book, source.name);
    await this.#store(book, source.name);
    return isNew ? 'changed' : 'unchanged';
  }

  async #store(book: PriceBook, source: string): Promise<void> {
    const { stored, log } = this.#options;
    await stored.save(book, source).catch((error: unknown) => {
      // The next look asks for the whole of it and stores it.
      this.#tag = undefined;
      log.warn({ err: error }, 'could not store the price book; a restart begins with an older one');
    });
  }

  #sound(text: string): PriceBook {
    try {
      const book = readBook(text);
      this.#mustBeTimely(book);
      return book;
    } catch (error) {
      this.#fault = error as Error;
      throw error;
    }
  }

  #mustBeTimely({ date }: PriceBook): void {
    const { inForce, now } = this.#options;
    const held = inForce().date;
    if (date < held) throw new Error(`it is of ${date}, older than the one in force of ${held}`);
    // A slip of the pen would keep every later book out.
    if (Date.parse(date) > now() + EARLY_MS) throw new Error(`it is of ${date}, which is yet to come`);
  }

  async #takeStored(isBetter: (stored: PriceBook, inForce: PriceBook) => boolean): Promise<void> {
    const { stored, inForce, log } = this.#options;
    try {
      const book = await stored.load();
      if (book !== undefined && isBetter(book, inForce())) this.#take(book, 'the stored one');
    } catch (error) {
      log.warn({ err: error }, 'could not read the stored price book');
    }
  }

  #take(book: PriceBook, source: string): void {
    const { inForce, take, log } = this.#options;
    const [before, version] = [priceBookVersion(inForce()), priceBookVersion(book)];
    if (before === version) return;
    take(book);
    log.info({ version, before, source }, 'took a price book');
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
