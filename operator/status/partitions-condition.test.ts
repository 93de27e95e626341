import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBudget } from '#test/support/build-policy';
import { partitionsCondition } from './partitions-condition.ts';

const plain = buildBudget('shop/limits/all', 1n);
const each = buildBudget('shop/limits/each', 1n, { per: ['user', 'model'] });
const runs = buildBudget('shop/limits/runs', 1n, { per: ['user', 'run'] });

test('an object whose limits are not kept apart by anything says nothing of partitions', () => {
  assert.equal(partitionsCondition([plain], 1_000_000), undefined);
  assert.equal(partitionsCondition([], 0), undefined);
});

test('an object with 10,000 books asks for PostgreSQL, by the name of the chart value, and says whose values are refused', () => {
  assert.equal(partitionsCondition([plain, each], 9_999)?.status, 'True');
  const condition = partitionsCondition([plain, each, runs], 10_000);
  assert.deepEqual(
    [condition?.type, condition?.status, condition?.reason],
    ['PartitionsBounded', 'False', 'TooManyPartitions'],
  );
  assert.match(
    condition?.message ?? '',
    /^10000 books are kept.*further values of user, model, run are refused.*PostgreSQL \(grantStore of the chart\)/,
  );
});
