import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '#contract/policy/canonical-json';
import { differenceOf } from './audit-diff.ts';

const changes = (from: Json, to: Json): string[] =>
  differenceOf(from, to, '/spec').changes.map(({ path, from: was, to: is }) => `${path} ${was ?? '-'} ${is ?? '-'}`);

test('each member that differs is one change, by its JSON Pointer, with both values', () => {
  assert.deepEqual(changes({ a: { 'b/~': 1 }, c: 'x', same: [1] }, { a: { 'b/~': 2 }, d: null, same: [1] }), [
    '/spec/a/b~1~0 1 2',
    '/spec/c "x" -',
    '/spec/d - null',
  ]);
});

test('entries with names are compared by name wherever they stand, and another order is a change of its own', () => {
  const [a, b, c] = [
    { name: 'a', usd: 1 },
    { name: 'b', usd: 1 },
    { name: 'c', usd: 1 },
  ];
  assert.deepEqual(changes([a, b], [{ name: 'new', usd: 9 }, a, { name: 'b', usd: 2 }]), [
    '/spec/0 - {"name":"new","usd":9}',
    '/spec/2/usd 1 2',
  ]);
  assert.deepEqual(changes([a, b, c], [a, c]), ['/spec/1 {"name":"b","usd":1} -']);
  assert.deepEqual(changes([a, b], [b, a]), ['/spec ["a","b"] ["b","a"]']);
});

test('one item more in a list without names is one change', () => {
  assert.deepEqual(changes(['a', 'b', 'c'], ['a', 'x', 'b', 'c']), ['/spec/1 - "x"']);
  assert.deepEqual(changes([1, 2, 3], [1, 3]), ['/spec/1 2 -']);
  assert.deepEqual(changes([{ name: 'a' }, { name: 'a' }], [{ name: 'a' }, { name: 'b' }]), ['/spec/1/name "a" "b"']);
});

test('values and lists of changes are cut at a bound that is told', () => {
  const long = differenceOf('x'.repeat(10_000), 'y', '').changes[0];
  assert.equal(long?.from?.length, 512);
  assert.ok(long?.from?.endsWith('...'));
  const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`key-${index}`, index]));
  const { changes: listed, omitted } = differenceOf({}, many, '/spec');
  assert.deepEqual([listed.length, omitted], [50, 30]);
  const large = Object.fromEntries(Object.keys(many).map((key) => [key, 'z'.repeat(2_000)]));
  const bounded = differenceOf({}, large, '/spec');
  assert.equal(bounded.changes.length + bounded.omitted, 80);
  assert.ok(JSON.stringify(bounded.changes).length < 20_000);
});
