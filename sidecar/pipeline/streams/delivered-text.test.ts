import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { DeliveredText } from './delivered-text.ts';

const text = (words: string, choice = 0): StreamEvent => ({ type: 'text-delta', choice, text: words });
const START: StreamEvent = { type: 'response-start', id: 'a', model: 'm' };
const signature = { api: 'anthropic-messages', value: 'c2VhbA' } as never;

function after(...events: readonly StreamEvent[]): DeliveredText {
  const delivered = new DeliveredText();
  for (const event of events) delivered.observe(event);
  return delivered;
}

test('text is gone on from without the white space at its end, which is told', () => {
  const delivered = after(START, { type: 'reasoning-delta', choice: 0, text: 'hm' }, text('one '), text('two \n'));
  assert.equal(delivered.beginning, 'one two');
  assert.equal(delivered.endsInSpace, true);
  assert.equal(after(text('one')).endsInSpace, false);
  assert.equal(after(text('one'), { type: 'usage', usage: NO_USAGE }).beginning, 'one');
});

test('without text there is nothing to go on from', () => {
  assert.equal(after(START).beginning, undefined);
  assert.equal(after(text(' \n')).beginning, undefined);
});

const ENDS: readonly StreamEvent[] = [
  { type: 'tool-call-start', choice: 0, index: 0, id: 'c', name: 'f' },
  { type: 'reasoning-signature', choice: 0, signature },
  { type: 'reasoning-redacted', choice: 0, redacted: signature },
  { type: 'refusal-delta', choice: 0, text: 'no' },
  { type: 'finish', choice: 0, reason: 'stop' },
  text('another choice', 1),
  text('x'.repeat(256 * 1024)),
];

for (const event of ENDS)
  test(`after ${event.type === 'text-delta' ? `${event.text.slice(0, 14)} of ${event.text.length} characters` : event.type} nothing is gone on from`, () => {
    assert.equal(after(text('one'), event).beginning, undefined);
    assert.equal(after(text('one'), event, text('two')).beginning, undefined);
  });
