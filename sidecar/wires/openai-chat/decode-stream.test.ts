import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { streamDecoder } from './decode-stream.ts';

const chunk = (index: number, members: object) => ({
  event: '',
  data: JSON.stringify({ id: 'c', choices: [{ index, delta: {}, ...members }] }),
});
const text = (index: number) => chunk(index, { delta: { content: 'a' } });
const finish = (index: number) => chunk(index, { finish_reason: 'stop' });

function endOf(events: readonly { event: string; data: string }[]): readonly StreamEvent[] | undefined {
  const decoder = streamDecoder({});
  return decoder.end?.(events.reduce((state, event) => decoder.step(state, event)[0], decoder.start()));
}

test('a stream without [DONE] has ended well when every choice said why it ended', () => {
  const wellEnded = [{ type: 'response-end' }];
  assert.deepEqual(endOf([text(0), finish(0)]), wellEnded);
  assert.deepEqual(endOf([text(0), text(1), finish(1), finish(0)]), wellEnded);
  assert.deepEqual(endOf([]), []);
  assert.deepEqual(endOf([text(0)]), []);
  assert.deepEqual(endOf([text(0), text(1), finish(1)]), []);
  assert.deepEqual(endOf([text(0), finish(0), { event: '', data: '[DONE]' }]), []);
});
