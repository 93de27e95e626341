import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildBudget, buildTarget } from '#test/support/build-policy';
import {
  budgetKeyOfBook,
  budgetOfBook,
  isPartition,
  limitOfBook,
  type PartitionedRequest,
  partitionOf,
} from './book-id.ts';

const SEED = 20261121;
const ID = 'remora-system/limits/each';
const each = buildBudget(ID, 100n, { per: ['user'] });
const plain = buildBudget('remora-system/limits/all', 100n);
const limits = new Map([each, plain].map((budget) => [budget.id, budget]));

const from = (user?: string): PartitionedRequest => ({
  caller: { attribution: { namespace: 'shop', serviceAccount: 'app' }, user },
  route: 'shop/chat',
  target: buildTarget('shop', 'mock/echo'),
});

test('partitionOf() leaves a limit without `per` as it is, and gives each user a book of its own', () => {
  assert.equal(partitionOf(plain, from('ann')), plain);
  const [ann, bob] = [partitionOf(each, from('ann')), partitionOf(each, from('bob'))];
  assert.notEqual(ann.id, bob.id);
  assert.deepEqual(partitionOf(each, from('ann')), ann);
  assert.deepEqual({ ...ann, id: ID }, each);
  assert.match(ann.id, /^remora-system\/limits\/each\/[0-9a-f]{32}$/);
});

test('requests that name no user share one book, and nobody can name themselves into it', () => {
  const nobody = partitionOf(each, from()).id;
  assert.equal(partitionOf(each, from('')).id, nobody);
  for (const user of ['null', 'undefined', '[null]', '""', ' '])
    assert.notEqual(partitionOf(each, from(user)).id, nobody, user);
});

test('no two users share a book, every book is found again under its limit, and none shows the name', () => {
  const users = fc.uniqueArray(fc.string({ minLength: 4, unit: 'binary' }), { maxLength: 8 });
  fc.assert(
    fc.property(users, (names) => {
      const ids = names.map((user) => partitionOf(each, from(user)).id);
      assert.equal(new Set(ids).size, names.length);
      for (const id of ids) {
        assert.deepEqual(budgetOfBook(limits, id), { ...each, id });
        assert.deepEqual([limitOfBook(id), budgetKeyOfBook(id), isPartition(id)], [ID, 'remora-system/limits', true]);
      }
    }),
    { seed: SEED },
  );
  assert.ok(!partitionOf(each, from('ann@example.org')).id.includes('ann'));
});

test('budgetOfBook() refuses what is no book of a limit', () => {
  const digest = '0'.repeat(32);
  assert.equal(budgetOfBook(limits, plain.id)?.amount, plain.amount);
  const forged = [
    ID,
    `${ID}/`,
    `${ID}/ann`,
    `${ID}/${digest}0`,
    `${ID}/${digest}\n`,
    `${ID}/${digest}/${digest}`,
    `${plain.id}/${digest}`,
    `${plain.id}/`,
    'remora-system/limits',
    `remora-system/limits/other/${digest}`,
    '',
  ];
  for (const id of forged) assert.equal(budgetOfBook(limits, id), undefined, JSON.stringify(id));
});
