import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Book, forfeit, issueGrant, MAX_CLOSED_BY, MAX_OPEN_GRANTS, newBook, returnGrant } from './book.ts';
import { decodeBook, encodeBook } from './book-codec.ts';
import { type HolderWord, hearHolder } from './holder-word.ts';

const SEED = 20261122;
const KEY = { budgetId: 'a/b/c', window: 'day-2026-11-21' };
const NOW = 1_000;
const word = (more: Partial<HolderWord> = {}): HolderWord => ({
  holder: 'a',
  closed: 0n,
  closing: [],
  open: [],
  ...more,
});
const openSum = (book: Book): bigint => Object.values(book.grants).reduce((sum, { amount }) => sum + amount, 0n);

test('what is on its way back is counted once, whether or not its return was durable', () => {
  const book = issueGrant(newBook(KEY, 100n), { id: 'g', holder: 'a', needed: 50n, desired: 50n }).book;
  const said = word({ closed: 30n, closing: [{ id: 'g', final: 30n }] });
  assert.equal(hearHolder(book, said, NOW), book);
  const returned = returnGrant(book, 'g', 30n);
  assert.equal(hearHolder(returned, said, NOW), returned);
  assert.equal(hearHolder(newBook(KEY, 100n), said, NOW).settled, 30n);
});

test('a word that a return has overtaken opens no grant anew, so that the return counts once when it is repeated', () => {
  const book = issueGrant(newBook(KEY, 100n), { id: 'g', holder: 'a', needed: 50n, desired: 50n }).book;
  const late = word({ open: [{ id: 'g', amount: 50n, used: 30n }] });
  const returned = returnGrant(book, 'g', 30n);
  assert.equal(hearHolder(returned, late, NOW), returned);
  assert.equal(returnGrant(hearHolder(returned, late, NOW), 'g', 30n).settled, 30n);
});

test('a word that no honest holder says leaves a book that can be written and read', () => {
  const open = Array.from({ length: MAX_OPEN_GRANTS + 10 }, (_, n) => ({ id: `g${n}`, amount: 2n, used: 0n }));
  const strange = ['', '__proto__', 'x'.repeat(129), 'a b', '\n'].map((id) => ({ id, amount: 1n, used: 0n }));
  const book = hearHolder(newBook(KEY, 100n), word({ open: [...strange, ...open] }), NOW);
  assert.equal(Object.keys(book.grants).length, MAX_OPEN_GRANTS);
  assert.equal(book.settled, 20n);
  assert.deepEqual(decodeBook(encodeBook(book)), book);
  assert.equal(hearHolder(newBook(KEY, 100n), word({ open: strange }), NOW).behindAtMs, null);
});

test('of a holder of which no sum is kept, what it says of closed grants tells nothing', () => {
  const full = Object.fromEntries(Array.from({ length: MAX_CLOSED_BY }, (_, n) => [`pod-${n}`, 1n]));
  for (const closedBy of [undefined, full]) {
    const book = { ...newBook(KEY, 100n), closedBy };
    assert.equal(hearHolder(book, word({ closed: 7n }), NOW), book);
  }
});

test('a book that an earlier build wrote is read, and has no sums', () => {
  const { changes: _changes, closedBy: _closedBy, ...old } = JSON.parse(encodeBook(newBook(KEY, 100n)));
  const book = decodeBook(JSON.stringify(old));
  assert.deepEqual([book.version, book.closedBy, book.behindAtMs], [0, undefined, null]);
});

test('whatever state a book is set back to, holders that live bring back all that they spent and hold', () => {
  const step = fc.record({
    holder: fc.constantFrom('a', 'b', 'c'),
    amount: fc.bigInt({ min: 1n, max: 60n }),
    part: fc.bigInt({ min: 0n, max: 100n }),
    closes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat({ max: 40 }), (steps, backupAt) => {
      let book = newBook(KEY, 10_000n);
      let old = book;
      const closed = new Map<string, bigint>();
      for (const [n, { holder, amount, part, closes }] of steps.entries()) {
        if (n === backupAt) old = book;
        book = issueGrant(book, { id: `g${n}`, holder, needed: amount, desired: amount }).book;
        if (!closes) continue;
        const final = (amount * part) / 100n;
        book = returnGrant(book, `g${n}`, final);
        closed.set(holder, (closed.get(holder) ?? 0n) + final);
      }
      let heard = old;
      for (const holder of ['a', 'b', 'c']) {
        const mine = Object.entries(book.grants).filter(([, grant]) => grant.holder === holder);
        const open = mine.map(([id, { amount, used }]) => ({ id, amount, used }));
        const said = word({ holder, closed: closed.get(holder) ?? 0n, open });
        heard = hearHolder(heard, said, NOW);
        assert.equal(hearHolder(heard, said, NOW + 1), heard);
      }
      // What was given back since the backup is still open there, until its holder is asked.
      for (const id of Object.keys(heard.grants)) if (book.grants[id] === undefined) heard = returnGrant(heard, id, 0n);
      assert.deepEqual([heard.settled, openSum(heard)], [book.settled, openSum(book)]);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('a pod that is gone with a grant in hand leaves what it spent and no sum', () => {
  const issue = (book: Book, id: string): Book => issueGrant(book, { id, holder: 'a', needed: 50n, desired: 50n }).book;
  const book = issue(returnGrant(issue(newBook(KEY, 100n), 'g'), 'g', 20n), 'h');
  assert.deepEqual(book.closedBy, { a: 20n });
  const gone = forfeit(book, 'a');
  assert.deepEqual([gone.settled, gone.closedBy], [70n, {}]);
});
