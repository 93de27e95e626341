import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgedBy } from './document.ts';

test('an answer may name a task, a complexity or both, in the words of logs', () => {
  assert.deepEqual(judgedBy({ task: 'question-answering', complexity: 'moderate' }), {
    task: 'QuestionAnswering',
    complexity: 'Moderate',
  });
  assert.deepEqual(judgedBy({ task: 'code', complexity: null, score: 0.4 }), { task: 'Code' });
  assert.deepEqual(judgedBy({ complexity: 'complex' }), { complexity: 'Complex' });
});

test('of an answer that is wrong in one thing nothing is believed', () => {
  for (const answer of [null, 'code', 3, [], {}, { task: 'Code' }, { task: 'code', complexity: 'easy' }, { task: 1 }])
    assert.equal(judgedBy(answer), undefined, JSON.stringify(answer));
});
