/** A book as versioned canonical JSON with amounts as text, as it lies in a file or in an object of the API server. */
import { z } from 'zod';
import { canonicalJson } from '#contract/policy/canonical-json';
import type { Book } from './book.ts';

const BOOK_FORMAT_VERSION = 1;

/** The text is not a book that this build can read; nothing may be granted from it. */
export class BookUnreadable extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`the book cannot be read: ${reason}`, { cause });
    this.name = 'BookUnreadable';
  }
}

const amount = z
  .string()
  .regex(/^[0-9]{1,40}$/)
  .transform(BigInt);
const id = z.string().min(1).max(128);

const encodedBook = z.strictObject({
  version: z.literal(BOOK_FORMAT_VERSION),
  /** Namespace, AIBudget, limit and partition take 414 characters at most. */
  budgetId: z.string().min(1).max(512),
  window: id,
  limit: amount,
  settled: amount,
  overrun: amount,
  /** By grant id: holder, amount, used. */
  grants: z.record(id, z.tuple([z.string().max(256), amount, amount])),
  /** Id, amount, used; oldest first. */
  forfeited: z.array(z.tuple([id, amount, amount])),
  /** Absent in books of builds that had none of these. */
  changes: z.int().min(0).optional(),
  /** By holder. */
  closedBy: z.record(z.string().max(256), amount).optional(),
  behindAtMs: z.int().optional(),
  keptUntilMs: z.number().int().optional(),
  wantedAtMs: z.int().optional(),
});

export function encodeBook(book: Book): string {
  const grants = Object.entries(book.grants).map(([key, { holder, amount: granted, used }]) => [
    key,
    [holder, String(granted), String(used)],
  ]);
  return canonicalJson({
    version: BOOK_FORMAT_VERSION,
    budgetId: book.budgetId,
    window: book.window,
    limit: String(book.limit),
    settled: String(book.settled),
    overrun: String(book.overrun),
    grants: Object.fromEntries(grants),
    forfeited: book.forfeited.map((one) => [one.id, String(one.amount), String(one.used)]),
    changes: book.version,
    ...(book.closedBy && { closedBy: textsOf(book.closedBy) }),
    ...(book.behindAtMs !== null && { behindAtMs: book.behindAtMs }),
    ...(book.keptUntilMs !== undefined && { keptUntilMs: book.keptUntilMs }),
    ...(book.wantedAtMs !== null && { wantedAtMs: book.wantedAtMs }),
  });
}

const textsOf = (amounts: Readonly<Record<string, bigint>>) =>
  Object.fromEntries(Object.entries(amounts).map(([key, value]) => [key, String(value)]));

/** Throws BookUnreadable for anything but the text of a book of this format version. */
export function decodeBook(text: string): Book {
  const {
    grants,
    forfeited,
    version: _format,
    changes = 0,
    closedBy,
    behindAtMs = null,
    wantedAtMs = null,
    ...rest
  } = parse(text);
  return {
    ...rest,
    version: changes,
    closedBy,
    behindAtMs,
    wantedAtMs,
    grants: Object.fromEntries(
      Object.entries(grants).map(([key, [holder, granted, used]]) => [key, { holder, amount: granted, used }]),
    ),
    forfeited: forfeited.map(([key, granted, used]) => ({ id: key, amount: granted, used })),
  };
}

/** Undefined for what is no book, where that is another one's to mend. */
export function decodeReadable(text: string): Book | undefined {
  try {
    return decodeBook(text);
  } catch {
    return undefined;
  }
}

function parse(text: string): z.infer<typeof encodedBook> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BookUnreadable('it is not JSON', error);
  }
  const parsed = encodedBook.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BookUnreadable(`${issue?.path.join('.') || 'book'}: ${issue?.message}`);
}
