import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import { sealedText } from '#sidecar/canonical/sealed';
import { clientPaths as ofMessages } from './anthropic-messages/client-paths.ts';
import { decodeRequest as decodeMessages } from './anthropic-messages/decode-request.ts';
import { clientPath } from './client-paths.ts';
import { clientPaths as ofGemini } from './gemini-generate-content/client-paths.ts';
import { decodeRequest as decodeGemini } from './gemini-generate-content/decode-request.ts';
import { clientPaths as ofChat } from './openai-chat/client-paths.ts';
import { clientPaths as ofResponses } from './openai-responses/client-paths.ts';
import { decodeRequest as decodeResponses } from './openai-responses/decode-request.ts';

const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'done' });
const text = (words: string) => ({ type: 'text', text: words });
const use = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} });

const MESSAGES: JsonObject = {
  model: 'm',
  max_tokens: 9,
  system: [text('a'), text('b')],
  tools: [
    { type: 'web_search_20250305', name: 'web_search' },
    { name: 'f', input_schema: {} },
  ],
  messages: [
    { role: 'user', content: 'Hi' },
    {
      role: 'assistant',
      content: [{ type: 'thinking', thinking: 'Hm', signature: 'c2ln' }, use('1'), use('2')],
    },
    { role: 'user', content: [result('1'), text('beside'), result('2'), text('after')] },
  ],
};

test('a path of the canonical request is told as that of a Messages request, whose system and results are messages of their own there', () => {
  const paths = ofMessages(MESSAGES);
  const name = (path: string) => clientPath(path, paths);
  assert.equal(name('messages[0].content[1].cache_control'), 'system[1].cache_control');
  assert.equal(name('messages[1].content[0]'), 'messages[0].content');
  assert.equal(name('messages[2].content[2].signature'), 'messages[1].content[2].signature');
  assert.equal(name('messages[3].is_error'), 'messages[2].is_error');
  assert.equal(name('messages[4].content[0]'), 'messages[2].content[2]');
  assert.equal(name('messages[5].content[1]'), 'messages[2].content[3]');
  assert.equal(name('tools[0].function.strict'), 'tools[1].strict');
  assert.equal(name('response_format.strict'), 'output_config.format.strict');
  assert.equal(name('stop'), 'stop_sequences');
  assert.equal(name('mcp_servers'), 'mcp_servers');
});

test('a path is told as that of a generateContent request, whose neighbours of one role are one message', () => {
  const body: JsonObject = {
    system_instruction: { parts: [{ text: 'a' }] },
    contents: [
      { role: 'user', parts: [{ text: 'x' }] },
      { role: 'user', parts: [{ text: 'y' }, { videoMetadata: {}, fileData: { fileUri: 'gs://v' } }] },
      { role: 'model', parts: [{ functionCall: { name: 'f' } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] },
    ],
    tools: [{ googleSearch: {} }, { functionDeclarations: [{ name: 'e' }, { name: 'f' }] }],
  };
  const paths = ofGemini(body);
  const name = (path: string) => clientPath(path, paths);
  assert.equal(name('messages[0].content[0]'), 'systemInstruction.parts[0]');
  assert.equal(name('messages[1].content[2]'), 'contents[1].parts[1]');
  assert.equal(name('messages[2].tool_calls.signature'), 'contents[2].tool_calls.signature');
  assert.equal(name('messages[3].is_error'), 'contents[3].is_error');
  assert.equal(name('tools[1].function.strict'), 'tools[1].functionDeclarations[1].strict');
  assert.equal(name('stop'), 'generationConfig.stopSequences');
});

test('a path is told as that of a Responses request, whose items make one turn', () => {
  const body: JsonObject = {
    model: 'm',
    instructions: 'Be brief.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'a' },
          { type: 'input_file', file_id: 'f' },
        ],
      },
      { type: 'reasoning', id: 'r', summary: [] },
      { type: 'function_call', call_id: '1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: '1', output: 'done' },
    ],
  };
  const paths = ofResponses(body);
  const name = (path: string) => clientPath(path, paths);
  assert.equal(name('messages[0].content[0]'), 'instructions');
  assert.equal(name('messages[1].content[1]'), 'input[0].content[1]');
  assert.equal(name('messages[2].content[1]'), 'input[2]');
  assert.equal(name('messages[3].is_error'), 'input[3].is_error');
  assert.equal(name('reasoning_effort'), 'reasoning.effort');
});

test('a path is told as that of a Chat Completions request, whose calls stand beside the content', () => {
  const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{}' } };
  const body: JsonObject = {
    model: 'm',
    messages: [
      { role: 'user', content: [text('a'), { type: 'input_audio', input_audio: {} }] },
      { role: 'assistant', content: 'Well.', tool_calls: [call, { id: '2', type: 'custom', custom: {} }] },
    ],
  };
  const paths = ofChat(body);
  const name = (path: string) => clientPath(path, paths);
  assert.equal(name('messages[0].content[1]'), 'messages[0].content[1]');
  assert.equal(name('messages[1].content[0]'), 'messages[1].content');
  assert.equal(name('messages[1].content[2]'), 'messages[1].tool_calls[1]');
  assert.equal(name('tools[0].function.strict'), 'tools[0].function.strict');
});

test('there is a place for each canonical message and each of its parts', () => {
  const proof = { type: 'redacted_thinking', data: sealedText({ by: 'remora-call', data: 'x' }, 'anthropic-messages') };
  const turns = [{ role: 'assistant', content: [proof, use('1')] }, ...(MESSAGES.messages as JsonObject[])];
  const messages = { ...MESSAGES, messages: turns };
  const gemini: JsonObject = {
    contents: [
      {
        role: 'model',
        parts: [
          { thought: true, text: 'H' },
          { thought: true, text: 'm', thoughtSignature: 'c2ln' },
        ],
      },
      { role: 'model', parts: [{ text: '' }, { text: 'signed', thoughtSignature: 'c2ln' }] },
      { role: 'user', parts: [{ text: 'x' }] },
    ],
  };
  const responses: JsonObject = { model: 'm', input: 'Hi', instructions: 'Be brief.' };
  for (const [places, decoded] of [
    [ofMessages(messages), decodeMessages(messages)],
    [ofGemini(gemini), decodeGemini(gemini, { model: 'm', action: 'generateContent' })],
    [ofResponses(responses), decodeResponses(responses)],
  ] as const)
    assert.deepEqual(
      places.messages.map(({ parts }) => parts.length),
      decoded.messages.map(({ parts }) => parts.length),
    );
});
