/**
 * What a holder knows of a book when it greets, and what a book makes of that. In a store that keeps what it took, the book knows all of
 * it already; a book that does not was set back, by a backup for example. It takes what it is told, and grants nothing for a while, so
 * that the other holders can speak too. Pure.
 */
import { type Book, charge, credited, MAX_CLOSED_BY, MAX_OPEN_GRANTS, openGrant } from './book.ts';
import { GrantRefused } from './grant-authority.ts';

export interface HolderWord {
  readonly holder: string;
  /** Spent of grants that it gave back, or is about to; 0 when there were none. */
  readonly closed: bigint;
  /** Those of them whose return may not be durable yet, and what of `closed` is theirs. */
  readonly closing: readonly { readonly id: string; readonly final: bigint }[];
  /** What it holds now. */
  readonly open: readonly { readonly id: string; readonly amount: bigint; readonly used: bigint }[];
}

/** After it was last told something new, a book that was set back grants nothing for this long: sidecars are back within half of it. */
const BEHIND_MS = 60_000;

/** The same book when it knew all that. Only ever counts more. */
export function hearHolder(book: Book, word: HolderWord, nowMs: number): Book {
  if (isOvertaken(book, word)) return book;
  const heard = hearOpen(hearClosed(book, word), word);
  return heard === book ? book : { ...heard, behindAtMs: nowMs };
}

/** What a holder spent of closed grants only grows: it has given back since, and what it held then it may hold no more. */
const isOvertaken = ({ closedBy = {} }: Book, { holder, closed }: HolderWord): boolean =>
  Object.hasOwn(closedBy, holder) && (closedBy[holder] ?? 0n) > closed;

/** Known to lack what was granted later: `seen` is the version that somebody saw. */
export const setBack = (book: Book, seen: number, nowMs: number): Book => ({
  ...book,
  version: seen,
  behindAtMs: nowMs,
});

/** Why nothing is granted while holders may have more to tell. A clock that was set back cannot make that long. */
export function refusalWhileBehind({ behindAtMs }: Book, nowMs: number): GrantRefused | undefined {
  if (behindAtMs === null || Math.abs(nowMs - behindAtMs) >= BEHIND_MS) return undefined;
  return new GrantRefused(
    'The book of this limit was set back to an earlier state, as by a restored backup. What sidecars know of it is being counted anew; ' +
      'it grants again a minute after the last of them has told something new.',
  );
}

function hearClosed(book: Book, { holder, closed, closing }: HolderWord): Book {
  const { closedBy } = book;
  if (closedBy === undefined) return book;
  const known = Object.hasOwn(closedBy, holder) ? closedBy[holder] : undefined;
  if (known === undefined && Object.keys(closedBy).length >= MAX_CLOSED_BY) return book;
  const underWay = closing.filter(({ id }) => openGrant(book, id) !== undefined);
  const lacking = underWay.reduce((sum, { final }) => sum - final, closed - (known ?? 0n));
  if (lacking <= 0n) return book;
  return { ...charge(book, lacking, lacking), closedBy: credited(closedBy, holder, lacking) };
}

/** Of no other form are ids that a treasury gives out. */
const ID = /^[0-9A-Za-z][0-9A-Za-z.:_-]{0,127}$/;

/** Grants beyond the bound of a book count as spent. */
function hearOpen(book: Book, { holder, open }: HolderWord): Book {
  const forfeited = new Set(book.forfeited.map(({ id }) => id));
  const unknown = open.filter(({ id }) => ID.test(id) && openGrant(book, id) === undefined && !forfeited.has(id));
  if (unknown.length === 0) return book;
  const room = Math.max(0, MAX_OPEN_GRANTS - Object.keys(book.grants).length);
  const taken = unknown.slice(0, room).map(({ id, amount, used }) => [id, { holder, amount, used }]);
  const spent = unknown.slice(room).reduce((sum, { amount }) => sum + amount, 0n);
  return { ...charge(book, spent, spent), grants: { ...book.grants, ...Object.fromEntries(taken) } };
}
