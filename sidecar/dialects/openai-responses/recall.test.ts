import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import { isIdMadeHere, responseId } from './item-id.ts';
import { recall } from './recall.ts';

const SAID = {
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi.' }],
};
const OURS = { ...SAID, id: 'msg_remora_1_0' };
const ASKED = { type: 'message', role: 'user', content: 'Hello' };
const items: Readonly<Record<string, JsonObject>> = { [OURS.id]: OURS };
const item = (id: string): JsonObject | undefined => items[id];

test('namedIn() finds what a body names, and nothing where it repeats all', () => {
  assert.equal(recall.namedIn({ input: 'Hi' }), undefined);
  assert.equal(recall.namedIn({ input: [OURS, ASKED, { role: 'user', content: 'x', id: 'msg_1' }, null] }), undefined);
  assert.deepEqual(recall.namedIn({ previous_response_id: 'resp_1', input: [{ id: 'msg_1' }] }), {
    previous: 'resp_1',
    items: [{ id: 'msg_1', path: 'input[0]', mayBeLost: false }],
  });
  assert.deepEqual(recall.namedIn({ input: [ASKED, { type: 'item_reference', id: 'rs_remora_1_0' }] }), {
    items: [{ id: 'rs_remora_1_0', path: 'input[1]', mayBeLost: true }],
  });
});

test('resolve() puts turns and items in the place of their names, and knows where the client named them', () => {
  const body = {
    model: 'm',
    previous_response_id: 'resp_remora_0',
    input: [{ type: 'item_reference', id: OURS.id }, ASKED],
  };
  const turns = [{ input: 'Hello', answer: { output: [OURS] } }];
  const resolved = recall.resolve(body, { turns, item });
  assert.deepEqual(resolved.body, { model: 'm', input: [ASKED, SAID, SAID, ASKED] });
  assert.deepEqual(
    ['input[0]', 'input[1].content[0]', 'input[2].content[0]', 'input[3].content[0]', 'tools[0]'].map(
      resolved.clientPath,
    ),
    ['previous_response_id', 'previous_response_id', 'input[0]', 'input[1].content[0]', 'tools[0]'],
  );
});

test('resolve() leaves to an account what it keeps', () => {
  const theirs = { type: 'item_reference', id: 'msg_1' };
  const body = { previous_response_id: 'resp_1', input: [theirs, { id: OURS.id }] };
  assert.deepEqual(recall.resolve(body, { turns: [], item }).body, { ...body, input: [theirs, SAID] });
});

test('resolve() takes references of earlier turns for what they name, and a text for a message', () => {
  const turns = [{ input: [{ type: 'item_reference', id: OURS.id }], answer: { output: [] } }];
  const { body, clientPath } = recall.resolve(
    { previous_response_id: 'resp_remora_1', input: 'Hello' },
    { turns, item },
  );
  assert.deepEqual(body, { input: [SAID, ASKED] });
  assert.equal(clientPath('input[1].content[0]'), 'input');
});

test('reasoning keeps its id, by which its seal is known, and is remembered with all else that was made here', () => {
  const reasoning = { type: 'reasoning', id: 'rs_remora_1_0', summary: [], encrypted_content: 'remora:x:y' };
  const answer = {
    id: 'resp_1',
    instructions: 'Be brief.',
    tools: [{}],
    output: [reasoning, OURS, { type: 'message', id: 'msg_1' }],
  };
  const parts = recall.partsOf(answer);
  assert.deepEqual(
    parts.items.map(({ id }) => id),
    ['rs_remora_1_0', OURS.id],
  );
  assert.deepEqual(parts.answer, { ...answer, instructions: null, tools: [] });
  const turns = [{ input: undefined, answer: { output: [reasoning] } }];
  assert.deepEqual(recall.resolve({ input: [] }, { turns, item }).body, { input: [reasoning] });
});

test('ids are of the request where no account keeps the answer, since services give empty ones and the same twice', () => {
  const made = { id: '7d4c1b60-0e3f-4c5e-9d3a-2f1b8a9c0d1e', isKept: false, told: () => {} };
  for (const id of ['', 'chatcmpl-123', 'resp_1']) assert.equal(responseId(id, 1, made), `resp_remora_${made.id}`);
  assert.equal(responseId('resp_1', 1, { ...made, isKept: true }), 'resp_1');
  assert.deepEqual(
    ['resp_remora_1', 'rs_remora_call_1_0', 'msg_1', 'resp_1', 'remora_1', 'x_msg_remora_1'].map(isIdMadeHere),
    [true, true, false, false, false, false],
  );
});
