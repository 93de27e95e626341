import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRICE_BOOK } from '#contract/compile/price-book';
import { type PriceBook, priceBookVersion } from '#contract/compile/price-book-schema';
import { createLog } from '#operator/telemetry/log';
import type { Fetched } from './book-source.ts';
import { PriceRefresh } from './price-refresh.ts';

const bookOf = (date: string, input = 1): PriceBook => ({
  ...PRICE_BOOK,
  date,
  prices: { openai: { 'gpt-4o': { input, cachedInput: 1, output: 1 } } },
});

function bench(t: { after(release: () => Promise<void>): void }, held?: PriceBook) {
  let inForce = bookOf('2026-06-01');
  const lines: string[] = [];
  const outcomes: string[] = [];
  const told: string[] = [];
  const state = {
    answer: (_tag: string | undefined): Fetched => ({ kind: 'unchanged' }),
    stored: held,
    cannotStore: false,
  };
  const refresh = new PriceRefresh({
    source: { name: 'the source', fetch: async (tag) => state.answer(tag), close: async () => {} },
    stored: {
      load: async () => state.stored,
      save: async (book) => {
        if (state.cannotStore) throw new Error('no API server');
        state.stored = book;
      },
    },
    everyMs: 3_600_000,
    now: () => Date.UTC(2026, 9, 1, 12),
    inForce: () => inForce,
    take: (book) => {
      inForce = book;
    },
    onOutcome: (outcome) => void outcomes.push(outcome),
    onFault: (sentence) => void told.push(sentence),
    log: createLog('info', { write: (line) => void lines.push(line) }),
  });
  t.after(() => refresh.close());
  const says = (text: string, tag = text): void => {
    state.answer = (known) => (known === tag ? { kind: 'unchanged' } : { kind: 'text', text, tag });
  };
  return { refresh, state, outcomes, told, lines, says, inForce: () => inForce };
}

test('a newer book, and another one of the same day, is taken and stored; the same one changes nothing', async (t) => {
  const { refresh, state, says, inForce } = bench(t);
  for (const book of [bookOf('2026-07-01'), bookOf('2026-07-01', 2)]) {
    says(JSON.stringify(book));
    assert.equal(await refresh.refresh(), 'changed');
    assert.deepEqual([inForce(), state.stored], [book, book]);
    assert.equal(await refresh.refresh(), 'unchanged');
  }
});

test('what is no book, or an older one, changes nothing and says why, each time that it is looked at', async (t) => {
  const { refresh, outcomes, told, lines, says, inForce } = bench(t);
  const before = inForce();
  const row = { input: 1, cachedInput: 1, output: 1 };
  const texts: readonly [string, RegExp][] = [
    ['{', /it is not JSON/],
    ['{}', /it is no price book: formatVersion/],
    [JSON.stringify({ ...before, prices: { openai: { x: { ...row, input: -1 } } } }), /prices.openai.x.input/],
    [JSON.stringify({ ...before, prices: { openai: { x: { ...row, inptu: 1 } } } }), /prices.openai.x: .*inptu/],
    [JSON.stringify({ ...before, prices: { openai: { x: { ...row, input: 0.5 } } } }), /prices.openai.x.input/],
    [
      JSON.stringify({ ...before, prices: { openai: { x: { ...row, tiers: [{ input: 2 }] } } } }),
      /must state aboveInput/,
    ],
    [JSON.stringify(bookOf('2026-10-03')), /of 2026-10-03, which is yet to come/],
    [JSON.stringify(bookOf('2026-05-31')), /of 2026-05-31, older than the one in force of 2026-06-01/],
  ];
  for (const [text, why] of texts) {
    says(text);
    for (const _ of ['anew', 'unchanged']) {
      assert.equal(await refresh.refresh(), 'failed');
      assert.match(lines.at(-1) ?? '', why);
      assert.match(lines.at(-1) ?? '', /the source/);
    }
  }
  assert.equal(inForce(), before);
  // Once each, so that events do not pile up.
  assert.equal(told.length, texts.length);
  says(JSON.stringify(before));
  await refresh.refresh();
  says('{');
  await refresh.refresh();
  assert.equal(told.length, texts.length + 1);
  outcomes.splice(-2);
  assert.ok(outcomes.every((outcome) => outcome === 'failed'));
});

test('the next start begins with what was stored, unless the built-in book is newer', async (t) => {
  const newer = bench(t, bookOf('2026-08-01'));
  await newer.refresh.start();
  assert.equal(newer.inForce().date, '2026-08-01');
  const sameDay = bench(t, bookOf('2026-06-01', 9));
  await sameDay.refresh.start();
  assert.equal(priceBookVersion(sameDay.inForce()), priceBookVersion(bookOf('2026-06-01', 9)));
  const older = bench(t, bookOf('2026-01-01'));
  await older.refresh.start();
  assert.equal(older.inForce().date, '2026-06-01');
});

test('a replica that cannot fetch takes what another one stored', async (t) => {
  const { refresh, state, inForce } = bench(t);
  state.answer = () => {
    throw new Error('connection refused');
  };
  state.stored = bookOf('2026-09-01');
  assert.equal(await refresh.refresh(), 'failed');
  assert.equal(inForce().date, '2026-09-01');
});

test('a book that cannot be stored is in force all the same, and stored at the next look', async (t) => {
  const { refresh, state, says, inForce } = bench(t);
  const book = bookOf('2026-07-01');
  says(JSON.stringify(book));
  state.cannotStore = true;
  assert.equal(await refresh.refresh(), 'changed');
  assert.deepEqual(inForce(), book);
  state.cannotStore = false;
  await refresh.refresh();
  assert.deepEqual(state.stored, book);
});
