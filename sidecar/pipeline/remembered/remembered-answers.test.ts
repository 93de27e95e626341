import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RememberedAnswers, type RememberedTurn } from './remembered-answers.ts';

/** What an entry counts beside its JSON. */
const ENTRY = 512;
const LIMITS = { most: 4, itemBytes: 3 * (ENTRY + 100), turnBytes: 3 * (ENTRY + 100), recalledBytes: 1_000 };

const bytes = (length: number): Uint8Array => new Uint8Array(length);
const turn = (length: number, words: Partial<RememberedTurn> = {}): RememberedTurn => ({
  input: bytes(length),
  answer: bytes(0),
  itemIds: [],
  ...words,
});

test('RememberedAnswers hold a bounded number of bytes, and let go of what was of no use for longest', () => {
  const remembered = new RememberedAnswers(LIMITS, 'secret');
  for (const id of ['a', 'b', 'c']) remembered.keepItem(id, bytes(100));
  assert.ok(remembered.item('a'));
  remembered.keepItem('d', bytes(100));
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((id) => remembered.item(id) !== undefined),
    [true, false, true, true],
  );
  assert.equal(remembered.bytes, LIMITS.itemBytes);
  remembered.keepItem('d', bytes(50));
  assert.equal(remembered.bytes, LIMITS.itemBytes - 50);
});

test('RememberedAnswers hold a bounded number of entries, and nothing that is over all bounds by itself', () => {
  const remembered = new RememberedAnswers({ ...LIMITS, itemBytes: 1_000_000 }, 'secret');
  for (const id of ['a', 'b', 'c', 'd', 'e']) remembered.keepItem(id, bytes(1));
  assert.deepEqual([remembered.item('a'), remembered.item('b')?.length], [undefined, 1]);
  remembered.keepItem('f', bytes(1_000_000));
  assert.deepEqual([remembered.item('f'), remembered.item('b')?.length], [undefined, 1]);
});

test('turns are told the first one first, and not at all where one of them is gone', () => {
  const remembered = new RememberedAnswers(LIMITS, 'secret');
  remembered.keepTurn('a', turn(10));
  remembered.keepTurn('b', turn(20, { previous: 'a' }));
  remembered.keepTurn('x', turn(100));
  assert.deepEqual(
    remembered.turnsTo('b')?.map(({ input }) => input.length),
    [10, 20],
  );
  // Used together, so that x is the oldest; then a, and never b before it.
  remembered.keepTurn('y', turn(100));
  assert.deepEqual([remembered.turnsTo('x'), remembered.turnsTo('b')?.length], [undefined, 2]);
  remembered.keepTurn('z', turn(300));
  assert.deepEqual([remembered.turnsTo('a'), remembered.turnsTo('b')], [undefined, undefined]);
});

test('a turn that is forgotten takes its items with it, and clear() leaves nothing', () => {
  const remembered = new RememberedAnswers(LIMITS, 'secret');
  for (const id of ['a', 'b']) {
    remembered.keepItem(`item-${id}`, bytes(1));
    remembered.keepTurn(id, turn(1, { itemIds: [`item-${id}`] }));
  }
  assert.deepEqual([remembered.forget('a'), remembered.forget('a')], [true, false]);
  assert.deepEqual([remembered.item('item-a'), remembered.item('item-b')?.length], [undefined, 1]);
  remembered.clear();
  assert.deepEqual([remembered.bytes, remembered.turn('b'), remembered.item('item-b')], [0, undefined, undefined]);
});

test('idFor() gives each request its own id, which another process gives to none and nobody can tell from the request', () => {
  const [one, other] = ['one', 'other'].map((secret) => new RememberedAnswers(LIMITS, secret));
  const ids = [one?.idFor('request-1'), one?.idFor('request-2'), other?.idFor('request-1')];
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id ?? '', /^[0-9a-f]{32}$/);
});
