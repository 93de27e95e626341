/** One book as a running treasury works on it: queued changes, reports written back lazily, and how much each holder uses of late. */
import type { PolicyBudget } from '#contract/policy/policy';
import {
  type Book,
  bookTotals,
  forfeit,
  issueGrant,
  newBook,
  openGrant,
  reportUsed,
  returnGrant,
  shrinkGrant,
  withLimit,
} from './book.ts';
import { BookQueue } from './book-queue.ts';
import { type GrantAnswer, GrantRefused, type GrantUsage } from './grant-authority.ts';
import { type Demand, desiredGrant, HORIZON_MS, withGrant, withReturn } from './grant-size.ts';
import type { BookKey, BookStep, GrantStore } from './grant-store.ts';
import { type HolderWord, hearHolder, refusalWhileBehind, setBack } from './holder-word.ts';
import { type IdleGrant, RECALL_WITHIN_MS, Recall, type RecallFrom } from './recall.ts';
import { issueSoftGrant } from './soft-grant.ts';
import { RUN_KEPT_MS } from './window.ts';

/** Reports alone cause at most one write per book in this time. */
const REPORT_FLUSH_MS = 2_000;
const MAX_HOLDERS = 10_000;
const MAX_REPORTS = 10_000;
const MAX_UNSENT = 1_000;
/** Looks of one ask at what was recalled; they end within a second, whatever the clock does. */
const MAX_LOOKS = 8;

/** Runs `task` once after `ms` unless the returned function is called before. */
export type After = (ms: number, task: () => void) => () => void;

export interface Ask {
  readonly id: string;
  readonly holder: string;
  readonly budget: PolicyBudget;
  readonly needed: bigint;
  readonly nowMs: number;
}

export interface OpenBookOptions {
  readonly store: GrantStore;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly after: After;
  readonly recallFrom: RecallFrom;
  /** Others hear of changes of the book, and can recall from holders that are theirs. */
  readonly hasPeers: boolean;
  /** The book lacks what was once in it: its holders should say what they know. At most once for each time that this is found. */
  readonly onBehind: (key: BookKey) => void;
}

/** An ask that waits for what others give back. */
interface WaitingAsk extends Pick<Ask, 'id' | 'holder' | 'budget'> {
  /** Grows with what is recalled from its own holder meanwhile, since its need was reckoned with that in hand. */
  needed: bigint;
}

interface Attempt {
  readonly answer: GrantAnswer;
  /** That denied it. */
  readonly book: Book;
}

export class OpenBook {
  readonly key: BookKey;
  readonly #queue: BookQueue;
  readonly #store: GrantStore;
  readonly #now: () => number;
  readonly #after: After;
  readonly #recallFrom: RecallFrom;
  readonly #hasPeers: boolean;
  readonly #onBehind: (key: BookKey) => void;
  readonly #waiting = new Set<WaitingAsk>();
  /** From the first denial on. */
  #recall: Recall | undefined;
  readonly #demands = new Map<string, Demand>();
  readonly #reports = new Map<string, bigint>();
  /** Grants that may have become durable although the asker was told they failed; nobody can spend them. */
  readonly #unsent = new Set<string>();
  #cancelFlush: (() => void) | undefined;
  #grantedAtMs = Number.NEGATIVE_INFINITY;
  /** The latest version that was read or written here. */
  #seen = 0;
  #behindAtMs: number | null = null;

  constructor(key: BookKey, { store, now, after, recallFrom, hasPeers, onBehind }: OpenBookOptions) {
    this.key = key;
    this.#store = store;
    this.#now = now;
    this.#after = after;
    this.#recallFrom = recallFrom;
    this.#hasPeers = hasPeers;
    this.#onBehind = onBehind;
    this.#queue = new BookQueue(store, key);
  }

  /** Nothing is under way, and all is in the store. */
  get idle(): boolean {
    return this.#queue.idle && this.#waiting.size === 0 && this.#reports.size === 0 && this.#unsent.size === 0;
  }

  /** Nothing is lost when it is forgotten, not even what its holders use of late. */
  isSpare(nowMs: number): boolean {
    return this.idle && this.#grantedAtMs + HORIZON_MS <= nowMs;
  }

  /** A denial waits for a moment while others may give back what it lacks. */
  async ask({ id, holder, budget, needed, nowMs }: Ask): Promise<GrantAnswer> {
    const ask: WaitingAsk = { id, holder, budget, needed };
    this.#waiting.add(ask);
    try {
      let { answer, book } = await this.#attempt(ask, nowMs);
      for (let look = 0; !answer.granted && answer.held > 0n && look < MAX_LOOKS; look++) {
        const denied = book;
        const presentMs = this.#now();
        this.#recall ??= new Recall(this.#recallFrom, this.#after, (wantedAtMs) => this.#recallElsewhere(wantedAtMs));
        if (presentMs >= nowMs + RECALL_WITHIN_MS || !this.#recall.begin(() => idleOf(denied, holder), presentMs))
          break;
        await this.#recall.news(ask.needed - leftOf(answer));
        ({ answer, book } = await this.#attempt(ask, this.#now()));
      }
      return answer;
    } finally {
      this.#waiting.delete(ask);
    }
  }

  async giveBack(grantId: string, final: bigint): Promise<void> {
    this.#heard(grantId, await this.#parted(grantId, (book) => returnGrant(book, grantId, final), final));
  }

  /** The holder has given up all of it beyond `amount`, which an ask of its own that waits here was reckoned with. */
  async shrink(grantId: string, amount: bigint): Promise<void> {
    const parted = await this.#parted(grantId, (book) => shrinkGrant(book, grantId, amount), amount);
    const own = parted && [...this.#waiting].find(({ holder }) => holder === parted.holder);
    if (own !== undefined) own.needed += parted?.unspent ?? 0n;
    this.#heard(grantId, parted);
  }

  forfeit(holder: string): Promise<void> {
    this.#demands.delete(holder);
    return this.#change((book) => forfeit(book, holder));
  }

  /** Takes what a holder knows into the book, where it is not in it. */
  hear(word: HolderWord, limit: bigint, nowMs: number): Promise<void> {
    return this.#submit((book) => ({
      book: heardBy(book ?? newBook(this.key, limit), book, word, nowMs),
      result: undefined,
    }));
  }

  grantsOf(holder: string): Promise<readonly IdleGrant[]> {
    return this.#submit((book) => ({
      book,
      result: book === undefined ? [] : grantsIn(book, (one) => one === holder),
    }));
  }

  report(usages: readonly GrantUsage[]): void {
    for (const { grantId, used } of usages) this.#noteReport(grantId, used);
    if (this.#reports.size > 0) this.#cancelFlush ??= this.#after(REPORT_FLUSH_MS, () => void this.flush());
  }

  /** Writes what was reported. A failure keeps the reports for the next write; they are of no weight for the cap. */
  async flush(): Promise<void> {
    if (this.#reports.size === 0 && this.#unsent.size === 0) return;
    await this.#change((book) => book).catch(() => undefined);
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  /** What the store holds, and what was reported since. */
  async read(limit: bigint): Promise<Book> {
    const book = (await this.#store.read(this.key)) ?? newBook(this.key, limit);
    let current = withLimit(book, limit);
    for (const [id, used] of this.#reports) current = reportUsed(current, id, used);
    return current;
  }

  async denial(limit: bigint): Promise<GrantAnswer> {
    const { spent, held } = bookTotals(await this.read(limit));
    return { granted: false, limit, spent, held };
  }

  /** Nothing is written later, and no ask waits any more. */
  stop(): void {
    this.#cancelFlushing();
    this.#recall?.stop();
  }

  #cancelFlushing(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
  }

  async #attempt({ id, holder, budget, needed }: WaitingAsk, nowMs: number): Promise<Attempt> {
    const limit = BigInt(budget.amount);
    const desired = desiredGrant(this.#demands.get(holder), needed, nowMs);
    try {
      const attempt = await this.#submit<Attempt | { readonly refusal: GrantRefused }>((book) => {
        const current = withLimit(book ?? newBook(this.key, limit), limit);
        const refusal = refusalWhileBehind(current, nowMs);
        if (refusal !== undefined) return { book, result: { refusal } };
        const issue = budget.soft ? issueSoftGrant : issueGrant;
        const { book: next, result } = issue(current, { id, holder, needed, desired });
        // A refusal is no reason to write.
        return result.granted
          ? { book: keptFor(next, budget, nowMs), result: { answer: result, book: next } }
          : { book, result: { answer: result, book: current } };
      });
      if ('refusal' in attempt) throw attempt.refusal;
      if (attempt.answer.granted) this.#remember(holder, attempt.answer.grant.amount, nowMs);
      return attempt;
    } catch (error) {
      if (!(error instanceof GrantRefused) && this.#unsent.size < MAX_UNSENT) this.#unsent.add(id);
      throw error;
    }
  }

  /** The other replicas see it in the book. */
  #recallElsewhere(wantedAtMs: number): boolean {
    if (!this.#hasPeers) return false;
    this.#change((book) => ({ ...book, wantedAtMs })).catch(() => undefined);
    return true;
  }

  /** What the change takes off an open grant, and whose it is. */
  #parted(grantId: string, change: (book: Book) => Book, kept: bigint): Promise<Parted | undefined> {
    return this.#submit((book) => {
      const grant = book && openGrant(book, grantId);
      const unspent = grant === undefined ? 0n : grant.amount - kept;
      return {
        book: book && change(book),
        result: grant && { holder: grant.holder, unspent: unspent > 0n ? unspent : 0n },
      };
    });
  }

  #heard(grantId: string, parted: Parted | undefined): void {
    if (parted !== undefined && parted.unspent > 0n) {
      const { holder, unspent } = parted;
      const demand = withReturn(this.#demands.get(holder), unspent, this.#now());
      if (demand !== undefined) this.#demands.set(holder, demand);
    }
    this.#recall?.answered(grantId, parted?.unspent ?? 0n);
  }

  #noteReport(grantId: string, used: bigint): void {
    const known = this.#reports.get(grantId) ?? 0n;
    if (known === 0n && this.#reports.size >= MAX_REPORTS) return;
    if (used > known) this.#reports.set(grantId, used);
  }

  #remember(holder: string, amount: bigint, nowMs: number): void {
    this.#grantedAtMs = nowMs;
    if (this.#demands.size >= MAX_HOLDERS) this.#demands.clear();
    this.#demands.set(holder, withGrant(this.#demands.get(holder), amount, nowMs));
  }

  /** A change of a book that exists; one that is gone was swept long after its window. */
  #change(change: (book: Book) => Book): Promise<void> {
    return this.#submit((book) => ({ book: book === undefined ? undefined : change(book), result: undefined }));
  }

  /** A store that was set back while this process runs shows by a version that is older than one that was durable here. */
  #checked(book: Book | undefined): Book | undefined {
    return book !== undefined && book.version < this.#seen ? setBack(book, this.#seen, this.#now()) : book;
  }

  #saw(book: Book | undefined): void {
    this.#seen = book?.version ?? 0;
    const behindAtMs = book?.behindAtMs ?? null;
    if (behindAtMs === this.#behindAtMs) return;
    this.#behindAtMs = behindAtMs;
    if (behindAtMs !== null) this.#onBehind(this.key);
  }

  /** Every write takes along what was reported and what must be undone; both are harmless when they are applied twice. */
  async #submit<T>(step: BookStep<T>): Promise<T> {
    this.#cancelFlushing();
    const reports = [...this.#reports];
    const unsent = [...this.#unsent];
    let last: Book | undefined;
    const result = await this.#queue.submit((book) => {
      const known = this.#checked(book);
      const { book: next, result: made } = step(tidied(known, reports, unsent));
      last = next === book ? book : next && { ...next, version: (known?.version ?? 0) + 1 };
      return { book: last, result: made };
    });
    this.#saw(last);
    for (const [id, used] of reports) if (this.#reports.get(id) === used) this.#reports.delete(id);
    for (const id of unsent) this.#unsent.delete(id);
    return result;
  }
}

const heardBy = (book: Book, present: Book | undefined, word: HolderWord, nowMs: number): Book | undefined => {
  const heard = hearHolder(book, word, nowMs);
  return heard === book ? present : heard;
};
/** A run has no end that its window would tell. */
const keptFor = (book: Book, { every }: PolicyBudget, nowMs: number): Book =>
  every === 'Run' ? { ...book, keptUntilMs: nowMs + RUN_KEPT_MS } : book;

function tidied(book: Book | undefined, reports: readonly [string, bigint][], unsent: readonly string[]) {
  if (book === undefined) return undefined;
  const undone = unsent.reduce((current, id) => returnGrant(current, id, 0n), book);
  return reports.reduce((current, [id, used]) => reportUsed(current, id, used), undone);
}

interface Parted {
  readonly holder: string;
  readonly unspent: bigint;
}

/** Every grant that is not known to be spent. */
export const idleIn = (book: Book): readonly IdleGrant[] =>
  grantsIn(book, () => true).filter(({ id }) => {
    const grant = openGrant(book, id);
    return grant !== undefined && grant.amount > grant.used;
  });

function grantsIn(book: Book, of: (holder: string) => boolean): IdleGrant[] {
  const { budgetId, window } = book;
  return Object.entries(book.grants).flatMap(([id, { holder }]) =>
    of(holder) ? [{ id, budgetId, window, holder }] : [],
  );
}

/** Of others, the largest first: nobody asks himself for what he has. */
function idleOf(book: Book, holder: string): readonly IdleGrant[] {
  const unspent = ({ id }: IdleGrant): bigint => {
    const grant = openGrant(book, id);
    return grant === undefined ? 0n : grant.amount - grant.used;
  };
  const others = grantsIn(book, (one) => one !== holder).filter((grant) => unspent(grant) > 0n);
  return others.sort((a, b) => (unspent(a) < unspent(b) ? 1 : -1));
}

const leftOf = ({ limit, spent, held }: Extract<GrantAnswer, { granted: false }>): bigint => limit - spent - held;
