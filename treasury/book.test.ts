import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Book,
  bookTotals,
  forfeit,
  issueGrant,
  MAX_CLOSED_BY,
  MAX_FORFEITED_GRANTS,
  MAX_OPEN_GRANTS,
  newBook,
  reportUsed,
  returnGrant,
  shrinkGrant,
  withLimit,
} from './book.ts';
import { BookUnreadable, decodeBook, encodeBook } from './book-codec.ts';

const SEED = 20261121;
const KEY = { budgetId: 'remora-system/environments/dev', window: 'day-2026-11-21' };

function grant(book: Book, id: string, needed: bigint, more: { holder?: string; desired?: bigint } = {}): Book {
  const { book: next, result } = issueGrant(book, {
    id,
    holder: more.holder ?? 'a',
    needed,
    desired: more.desired ?? needed,
  });
  assert.ok(result.granted, `grant ${id} was denied`);
  return next;
}

test('issueGrant() gives what the holder would use soon, at most a fair share of the rest, at least what it needs', () => {
  const book = newBook(KEY, 1_000n);
  assert.equal(grant(book, 'g', 10n, { desired: 40n }).grants.g?.amount, 40n);
  assert.equal(grant(book, 'g', 10n, { desired: 900n }).grants.g?.amount, 333n);
  assert.equal(grant(book, 'g', 990n, { desired: 2_000n }).grants.g?.amount, 990n);
});

test('issueGrant() shrinks to exactly what is needed near the cap and denies one unit above it', () => {
  const book = grant(newBook(KEY, 100n), 'g1', 95n);
  assert.equal(grant(book, 'g2', 5n, { holder: 'b', desired: 50n }).grants.g2?.amount, 5n);
  const denied = issueGrant(book, { id: 'g2', holder: 'b', needed: 6n, desired: 6n });
  assert.deepEqual(denied.result, { granted: false, limit: 100n, spent: 0n, held: 95n });
  assert.equal(denied.book, book);
});

test('issueGrant() answers the same grant for the same id, so that a retried write grants once', () => {
  const request = { id: 'g', holder: 'a', needed: 10n, desired: 10n };
  const first = issueGrant(newBook(KEY, 100n), request);
  const second = issueGrant(first.book, request);
  assert.equal(second.book, first.book);
  assert.deepEqual(second.result, first.result);
});

test('issueGrant() refuses a need below 1', () => {
  assert.throws(() => issueGrant(newBook(KEY, 1n), { id: 'g', holder: 'a', needed: 0n, desired: 0n }), RangeError);
});

test('issueGrant() keeps the number of open grants within its bound', () => {
  const grants = Object.fromEntries(
    Array.from({ length: MAX_OPEN_GRANTS }, (_, index) => [`g${index}`, { holder: 'a', amount: 1n, used: 0n }]),
  );
  const full = { ...newBook(KEY, 10n ** 9n), grants };
  assert.equal(issueGrant(full, { id: 'x', holder: 'a', needed: 1n, desired: 1n }).result.granted, false);
});

test('returnGrant() settles what was spent, once', () => {
  const book = returnGrant(grant(newBook(KEY, 100n), 'g', 60n), 'g', 25n);
  assert.deepEqual(bookTotals(book), { spent: 25n, held: 0n, remaining: 75n });
  assert.equal(returnGrant(book, 'g', 60n), book);
  assert.equal(returnGrant(book, 'never-issued', 5n), book);
  assert.equal(returnGrant(book, '__proto__', 5n), book);
  assert.throws(() => returnGrant(book, 'g', -1n), RangeError);
});

test('returnGrant() books what a provider billed beyond the grant and leaves that much less', () => {
  const book = returnGrant(grant(newBook(KEY, 100n), 'g', 60n), 'g', 70n);
  assert.equal(book.settled, 60n);
  assert.equal(book.overrun, 10n);
  assert.equal(bookTotals(book).remaining, 30n);
});

test('shrinkGrant() only ever takes away, once, also from a grant that was forfeited', () => {
  const book = shrinkGrant(grant(newBook(KEY, 100n), 'g', 60n), 'g', 25n);
  assert.deepEqual(bookTotals(book), { spent: 0n, held: 25n, remaining: 75n });
  assert.equal(shrinkGrant(book, 'g', 25n), book);
  assert.equal(shrinkGrant(book, 'g', 60n), book);
  assert.equal(shrinkGrant(book, 'never-issued', 0n), book);
  assert.throws(() => shrinkGrant(book, 'g', -1n), RangeError);
  const lost = shrinkGrant(forfeit(book, 'a'), 'g', 10n);
  assert.deepEqual(bookTotals(lost), { spent: 10n, held: 0n, remaining: 90n });
  assert.equal(returnGrant(lost, 'g', 4n).settled, 4n);
});

test('forfeit() counts all of it as spent, and a late return credits what was left, once', () => {
  const lost = forfeit(grant(grant(newBook(KEY, 100n), 'g1', 60n), 'g2', 10n, { holder: 'b' }), 'a');
  assert.deepEqual(bookTotals(lost), { spent: 60n, held: 10n, remaining: 30n });
  const late = returnGrant(lost, 'g1', 20n);
  assert.deepEqual(bookTotals(late), { spent: 20n, held: 10n, remaining: 70n });
  assert.equal(returnGrant(late, 'g1', 0n), late);
  assert.equal(forfeit(late, 'a'), late);
});

test('forfeit() after an overrun and its late return counts the overrun once', () => {
  const lost = forfeit(reportUsed(grant(newBook(KEY, 100n), 'g', 60n), 'g', 65n), 'a');
  assert.deepEqual([lost.settled, lost.overrun], [60n, 5n]);
  const late = returnGrant(lost, 'g', 66n);
  assert.deepEqual([late.settled, late.overrun], [60n, 6n]);
});

test('forfeit() forgets the oldest beyond its bound; they stay spent', () => {
  const grants = Object.fromEntries(
    Array.from({ length: MAX_FORFEITED_GRANTS + 1 }, (_, index) => [
      `g${index}`,
      { holder: 'a', amount: 1n, used: 0n },
    ]),
  );
  const book = forfeit({ ...newBook(KEY, 10n ** 9n), grants }, 'a');
  assert.equal(book.forfeited.length, MAX_FORFEITED_GRANTS);
  assert.equal(book.settled, BigInt(MAX_FORFEITED_GRANTS + 1));
  assert.equal(returnGrant(book, 'g0', 0n), book);
});

test('reportUsed() is cumulative: late, repeated and unknown reports change nothing', () => {
  const book = reportUsed(grant(newBook(KEY, 100n), 'g', 60n), 'g', 30n);
  assert.deepEqual(bookTotals(book), { spent: 30n, held: 30n, remaining: 40n });
  assert.equal(reportUsed(book, 'g', 20n), book);
  assert.equal(reportUsed(book, 'other', 20n), book);
});

test('withLimit() lowered below what is held grants nothing more and takes nothing away', () => {
  const book = withLimit(grant(newBook(KEY, 100n), 'g', 60n), 50n);
  assert.equal(bookTotals(book).remaining, 0n);
  assert.equal(issueGrant(book, { id: 'h', holder: 'b', needed: 1n, desired: 1n }).result.granted, false);
  assert.equal(grant(withLimit(book, 70n), 'h', 10n).grants.h?.amount, 10n);
});

const operations = fc.array(
  fc.record({
    kind: fc.constantFrom('issue', 'issue', 'report', 'shrink', 'return', 'forfeit'),
    id: fc.integer({ min: 0, max: 12 }).map((id) => `g${id}`),
    holder: fc.constantFrom('a', 'b', 'c'),
    amount: fc.bigInt({ min: 1n, max: 60n }),
    part: fc.integer({ min: 0, max: 100 }),
  }),
  { maxLength: 60 },
);

test('settled + open grants never pass the limit, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(operations, (all) => {
      let book = newBook(KEY, 200n);
      for (const { kind, id, holder, amount, part } of all) {
        const size = book.grants[id]?.amount ?? book.forfeited.find((one) => one.id === id)?.amount ?? 0n;
        const used = (size * BigInt(part)) / 100n;
        if (kind === 'issue') book = issueGrant(book, { id, holder, needed: amount, desired: amount * 3n }).book;
        else if (kind === 'report') book = reportUsed(book, id, used);
        else if (kind === 'shrink') book = shrinkGrant(book, id, used);
        else if (kind === 'return') book = returnGrant(book, id, used);
        else book = forfeit(book, holder);
        const open = Object.values(book.grants).reduce((sum, one) => sum + one.amount, 0n);
        assert.ok(book.settled >= 0n && book.settled + open <= book.limit && book.overrun === 0n);
        assert.deepEqual(decodeBook(encodeBook(book)), book);
      }
    }),
    { seed: SEED },
  );
});

test('decodeBook() refuses every text that is no whole book with a typed error', () => {
  const text = encodeBook(forfeit(grant(grant(newBook(KEY, 100n), 'g', 60n), 'h', 1n, { holder: 'b' }), 'a'));
  for (let length = 0; length < text.length; length++) {
    assert.throws(() => decodeBook(text.slice(0, length)), BookUnreadable);
  }
  for (const bad of ['null', '[]', text.replace('"version":1', '"version":2'), text.replace('"100"', '"-1"')]) {
    assert.throws(() => decodeBook(bad), BookUnreadable);
  }
});

test('encodeBook() stays below what an object of the API server may hold, at every bound at once', () => {
  const holder = `${'0'.repeat(36)}-${'0'.repeat(36)}`;
  const id = (index: number): string => `${'0'.repeat(30)}${String(index).padStart(6, '0')}`;
  const amount = 10n ** 15n;
  const grants = Object.fromEntries(
    Array.from({ length: MAX_OPEN_GRANTS }, (_, index) => [id(index), { holder, amount, used: amount }]),
  );
  const forfeited = Array.from({ length: MAX_FORFEITED_GRANTS }, (_, index) => ({
    id: id(index),
    amount,
    used: amount,
  }));
  const closedBy = Object.fromEntries(
    Array.from({ length: MAX_CLOSED_BY }, (_, index) => [`${'0'.repeat(67)}${String(index).padStart(6, '0')}`, amount]),
  );
  assert.ok(encodeBook({ ...newBook(KEY, amount), grants, forfeited, closedBy }).length < 1_000_000);
});
