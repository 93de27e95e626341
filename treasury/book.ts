/**
 * The book of one limit in one window: a pure engine. A grant counts as spent from the moment it is durable until its holder
 * gives it back, so at every instant settled + open grants ≤ limit, under any crash and with any number of writers.
 */
import { least } from '#contract/policy/money';
import type { GrantAnswer } from './grant-authority.ts';
import type { BookKey } from './grant-store.ts';

export interface OpenGrant {
  /** The sidecar instance that holds it. */
  readonly holder: string;
  readonly amount: bigint;
  /** What its holder last reported as used. */
  readonly used: bigint;
}

/** A grant whose holder is gone: all of it is settled, and a late return still credits what was not spent. */
interface ForfeitedGrant {
  readonly id: string;
  readonly amount: bigint;
  /** Reported before it was forfeited. */
  readonly used: bigint;
}

export interface Book {
  readonly budgetId: string;
  readonly window: string;
  readonly limit: bigint;
  /** Spent by grants that are closed, never more of one than it granted. */
  readonly settled: bigint;
  /** What holders spent beyond their grants because a provider billed more than the enforced bound; it leaves less to grant. */
  readonly overrun: bigint;
  readonly grants: Readonly<Record<string, OpenGrant>>;
  /** Oldest first. */
  readonly forfeited: readonly ForfeitedGrant[];
  /** Grows with each change, so that who has seen a later one knows that the store was set back. */
  readonly version: number;
  /**
   * By holder, what it spent of grants that are closed: each knows its own sum, so that a book that was set back is told what it lacks
   * (`holder-word.ts`). Undefined in a book that an earlier build began.
   */
  readonly closedBy: Readonly<Record<string, bigint>> | undefined;
  /** When it was last found to lack what its holders know, Unix time; null when it never was. */
  readonly behindAtMs: number | null;
  /** Unix milliseconds; after it the book may be deleted. Absent: its window says when. */
  readonly keptUntilMs?: number;
  /** When somebody last needed what holders at other replicas may have idle, Unix time; null when nobody did. */
  readonly wantedAtMs: number | null;
}

export interface BookChange<T> {
  /** The same object when nothing changed, so that a store need not write. */
  readonly book: Book;
  readonly result: T;
}

export interface GrantRequest {
  /** Fresh; asking again with the id of an open grant answers that grant, so that a retried write grants once. */
  readonly id: string;
  readonly holder: string;
  /** The least that helps; at least 1. */
  readonly needed: bigint;
  /** What the holder would use up soon. */
  readonly desired: bigint;
}

/** Keeps an encoded book under 1 MB, what an object of the API server may hold. */
export const MAX_OPEN_GRANTS = 4_000;
/** Beyond it the oldest are forgotten; they stay settled in full. */
export const MAX_FORFEITED_GRANTS = 1_000;
/** Of further holders no sum is kept, and what they say of closed grants is not believed. */
export const MAX_CLOSED_BY = 2_500;

export const newBook = (key: BookKey, limit: bigint): Book => ({
  budgetId: key.budgetId,
  window: key.window,
  limit,
  settled: 0n,
  overrun: 0n,
  grants: {},
  forfeited: [],
  version: 0,
  closedBy: {},
  behindAtMs: null,
  wantedAtMs: null,
});

/** A changed limit; what is already granted stays granted. */
export const withLimit = (book: Book, limit: bigint): Book => (book.limit === limit ? book : { ...book, limit });

export interface BookTotals {
  /** Settled, overrun, and what holders of open grants have reported. */
  readonly spent: bigint;
  /** Granted and not reported as spent. */
  readonly held: bigint;
  /** What can still be granted, never negative. */
  readonly remaining: bigint;
}

export function bookTotals(book: Book): BookTotals {
  let spent = book.settled + book.overrun;
  let held = 0n;
  for (const grant of Object.values(book.grants)) {
    spent += grant.used;
    if (grant.amount > grant.used) held += grant.amount - grant.used;
  }
  const remaining = book.limit - spent - held;
  return { spent, held, remaining: remaining > 0n ? remaining : 0n };
}

/** What the holder would use soon, at most a fair share of the rest; near the cap exactly what is needed, so that nothing is stranded. */
function grantSize(request: GrantRequest, remaining: bigint, holders: number): bigint {
  const share = remaining / BigInt(2 * holders + 1);
  const wanted = least(request.desired, share);
  if (wanted < request.needed) return request.needed;
  return wanted;
}

const denial = (book: Book): GrantAnswer => {
  const { spent, held } = bookTotals(book);
  return { granted: false, limit: book.limit, spent, held };
};

const answer = (book: Book, id: string, amount: bigint): GrantAnswer => ({
  granted: true,
  grant: { id, budgetId: book.budgetId, window: book.window, amount },
});

/** The open grant of this id; undefined when there is none. */
export const openGrant = (book: Book, id: string): OpenGrant | undefined =>
  Object.hasOwn(book.grants, id) ? book.grants[id] : undefined;

/** Grants or denies. Throws RangeError when `needed` is below 1. */
export function issueGrant(book: Book, request: GrantRequest): BookChange<GrantAnswer> {
  if (request.needed < 1n) throw new RangeError('a grant needs at least 1');
  const present = openGrant(book, request.id);
  if (present !== undefined) return { book, result: answer(book, request.id, present.amount) };
  const { remaining } = bookTotals(book);
  const full = Object.keys(book.grants).length >= MAX_OPEN_GRANTS;
  const gone = book.forfeited.some((grant) => grant.id === request.id);
  if (request.needed > remaining || full || gone) return { book, result: denial(book) };
  const holders = new Set(Object.values(book.grants).map((grant) => grant.holder)).add(request.holder).size;
  const amount = grantSize(request, remaining, holders);
  const grants = { ...book.grants, [request.id]: { holder: request.holder, amount, used: 0n } };
  return { book: { ...book, grants }, result: answer(book, request.id, amount) };
}

/** Cumulative, so that a repeated, late or unknown report changes nothing. */
export function reportUsed(book: Book, id: string, used: bigint): Book {
  const grant = openGrant(book, id);
  if (grant === undefined || used <= grant.used) return book;
  return { ...book, grants: { ...book.grants, [id]: { ...grant, used } } };
}

/**
 * Closes a grant at what was really spent of it. A repeated or unknown return changes nothing; the late return of a forfeited
 * grant credits the difference. Throws RangeError when `final` is negative.
 */
export function returnGrant(book: Book, id: string, final: bigint): Book {
  if (final < 0n) throw new RangeError('a grant cannot be returned with a negative final amount');
  const grant = openGrant(book, id);
  if (grant !== undefined) {
    const { [id]: _closed, ...grants } = book.grants;
    return { ...charge(book, grant.amount, final), grants, closedBy: credited(book.closedBy, grant.holder, final) };
  }
  const late = book.forfeited.find((one) => one.id === id);
  if (late === undefined) return book;
  const forfeited = book.forfeited.filter((one) => one !== late);
  return { ...charge(credit(book, late.amount, forfeitPrice(late)), late.amount, final), forfeited };
}

/**
 * A grant of which its holder has given up a part: it is at most `amount` from now on, and only ever less, so that a repeated or late
 * word changes nothing. Throws RangeError when `amount` is negative.
 */
export function shrinkGrant(book: Book, id: string, amount: bigint): Book {
  if (amount < 0n) throw new RangeError('a grant cannot shrink below nothing');
  const grant = openGrant(book, id);
  if (grant !== undefined) {
    if (amount >= grant.amount) return book;
    return { ...book, grants: { ...book.grants, [id]: { ...grant, amount } } };
  }
  const late = book.forfeited.find((one) => one.id === id);
  if (late === undefined || amount >= late.amount) return book;
  const less = { ...late, amount };
  const forfeited = book.forfeited.map((one) => (one === late ? less : one));
  return {
    ...charge(credit(book, late.amount, forfeitPrice(late)), amount, forfeitPrice(less)),
    forfeited,
  };
}

/** Settles every open grant of a holder in full: safe even when the holder still lives and spends. */
export function forfeit(book: Book, holder: string): Book {
  const kept: [string, OpenGrant][] = [];
  const lost: ForfeitedGrant[] = [];
  for (const [id, grant] of Object.entries(book.grants)) {
    if (grant.holder === holder) lost.push({ id, amount: grant.amount, used: grant.used });
    else kept.push([id, grant]);
  }
  if (lost.length === 0) return book;
  const charged = lost.reduce((sum, grant) => charge(sum, grant.amount, forfeitPrice(grant)), book);
  const forfeited = [...book.forfeited, ...lost].slice(-MAX_FORFEITED_GRANTS);
  return { ...charged, grants: Object.fromEntries(kept), forfeited, closedBy: without(book.closedBy, holder) };
}

/** The sum of this holder is more by `spent`. */
export function credited(closedBy: Book['closedBy'], holder: string, spent: bigint): Book['closedBy'] {
  if (closedBy === undefined || spent === 0n) return closedBy;
  if (Object.hasOwn(closedBy, holder)) return { ...closedBy, [holder]: (closedBy[holder] ?? 0n) + spent };
  return Object.keys(closedBy).length >= MAX_CLOSED_BY ? closedBy : { ...closedBy, [holder]: spent };
}

/** A pod that is gone says nothing any more. */
function without(closedBy: Book['closedBy'], holder: string): Book['closedBy'] {
  if (closedBy === undefined || !Object.hasOwn(closedBy, holder)) return closedBy;
  const { [holder]: _gone, ...rest } = closedBy;
  return rest;
}

/** All of the grant, or more when its holder said so. */
const forfeitPrice = ({ amount, used }: ForfeitedGrant): bigint => (used > amount ? used : amount);

/** Books what was spent of a grant of this amount. */
export function charge(book: Book, amount: bigint, final: bigint): Book {
  const inside = least(amount, final);
  return { ...book, settled: book.settled + inside, overrun: book.overrun + (final - inside) };
}

function credit(book: Book, amount: bigint, final: bigint): Book {
  const inside = least(amount, final);
  return { ...book, settled: book.settled - inside, overrun: book.overrun - (final - inside) };
}
