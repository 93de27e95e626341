import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RemoraError } from '#sidecar/errors/remora-error';
import { CollectedReply } from './collected-reply.ts';

const TOO_LARGE = (error: unknown): boolean => error instanceof RemoraError && error.code === 'job_result_too_large';

test('a stream is collected when it ends, and not before', async () => {
  const reply = new CollectedReply(10);
  reply.start(200, { 'content-type': 'audio/mpeg' });
  const chunk = Buffer.from('abc');
  assert.equal(reply.write(chunk), true);
  chunk.fill(0);
  await reply.drained();
  assert.equal(reply.collected, undefined);
  reply.write('def');
  reply.end();
  assert.deepEqual(reply.collected, {
    status: 200,
    headers: { 'content-type': 'audio/mpeg' },
    body: Buffer.from('abcdef'),
  });
});

test('an error takes the place of a stream that broke', () => {
  const reply = new CollectedReply(10);
  reply.start(200, {});
  reply.write('half');
  assert.equal(reply.started, false);
  reply.whole(502, {}, 'broken');
  assert.deepEqual([reply.collected?.status, String(reply.collected?.body)], [502, 'broken']);
});

test('what is above the bound is refused, whole or in pieces, and the error that says so is taken', () => {
  const whole = new CollectedReply(4);
  assert.throws(() => whole.whole(200, {}, 'hello'), TOO_LARGE);
  const pieces = new CollectedReply(4);
  pieces.start(200, {});
  pieces.write('hell');
  assert.throws(() => pieces.write('o'), TOO_LARGE);
  for (const reply of [whole, pieces]) {
    reply.whole(500, {}, 'too large');
    assert.deepEqual([reply.collected?.status, String(reply.collected?.body)], [500, 'too large']);
  }
});

test('an answer that was cut is none', () => {
  const reply = new CollectedReply(10);
  reply.whole(200, {}, 'x');
  reply.cut();
  assert.equal(reply.collected, undefined);
});
