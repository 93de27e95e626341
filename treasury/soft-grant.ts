/** Grants of soft limits: within the amount as of any limit, and beyond it what is asked for, marked as such. Pure. */
import { type Book, type BookChange, type GrantRequest, issueGrant, withLimit } from './book.ts';
import type { GrantAnswer } from './grant-authority.ts';

/** More than anything costs, and fit for every place where an amount is written. */
const NO_LIMIT = 10n ** 29n;

/** As `issueGrant`, but that only a book that holds no further grant denies. */
export function issueSoftGrant(book: Book, request: GrantRequest): BookChange<GrantAnswer> {
  const within = issueGrant(book, request);
  if (within.result.granted) return within;
  const { book: granted, result } = issueGrant(withLimit(book, NO_LIMIT), request);
  if (!result.granted) return within;
  return { book: withLimit(granted, book.limit), result: { ...result, grant: { ...result.grant, isBeyond: true } } };
}
