import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { RatedAnswers } from './rated-answers.ts';

const answer = (requestId: string, parts: Partial<RequestRecord> = {}): RequestRecord =>
  ({ requestId, route: 'shop/chat', answeredBy: 'mock/a', ...parts }) as RequestRecord;

test('an answer is rated once, and what nobody answered cannot be', () => {
  const answers = new RatedAnswers();
  answers.remember(answer('one', { variant: 'trial' }));
  answers.remember({ ...answer('two'), answeredBy: undefined } as unknown as RequestRecord);
  const rated = { requestId: 'one', score: 0.5, route: 'shop/chat', target: 'mock/a', variant: 'trial' };
  assert.deepEqual(answers.rate('one', 0.5), rated);
  assert.equal(answers.rate('one', 1), 'again');
  assert.equal(answers.rate('two', 1), 'unknown');
});

test('the newest 10,000 answers are remembered and no more', () => {
  const answers = new RatedAnswers();
  for (let number = 0; number <= 10_000; number += 1) answers.remember(answer(`request-${number}`));
  assert.equal(answers.rate('request-0', 1), 'unknown');
  assert.notEqual(answers.rate('request-1', 1), 'unknown');
  assert.notEqual(answers.rate('request-10000', 1), 'unknown');
});
