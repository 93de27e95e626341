import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import { openaiChat } from '#sidecar/dialects/openai-chat/dialect';
import { canPass } from './own-words.ts';
import type { WireOptions } from './wire-options.ts';

const SERVER: WireOptions = {
  name: 'a server',
  maxTokensKey: 'max_tokens',
  hasDeveloperRole: false,
  reasoningKeys: ['reasoning_content'],
  lacks: [],
  passes: 'OwnWords',
};

const CALL = { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f' } }] };

const OWN_BLOCKS = { reasoningKeys: ['reasoning'], reasoningFormats: /-v[0-9]+$/ } as const;
const BLOCK = { type: 'reasoning.text', text: 'Hm.', signature: 'c2ln' };

/** What a server is like, what a client says to it, and which words are the server's own. */
const CASES: readonly (readonly [Partial<WireOptions>, JsonObject, boolean])[] = [
  [{}, {}, true],
  [{}, { max_tokens: 1, temperature: 1, seed: 1, user: 'u', stop: 'END', n: 2 }, true],
  [{}, { max_completion_tokens: 1 }, false],
  [{ maxTokensKey: 'max_completion_tokens' }, { max_tokens: 1 }, false],
  [{ lacks: ['top_k'] }, { top_k: 5 }, false],
  [{ lacks: ['n'] }, { n: 1 }, true],
  [{ lacks: ['n'] }, { n: 2 }, false],
  [{ lacks: ['presence_penalty'] }, { presence_penalty: 0 }, true],
  [{ lacks: ['presence_penalty'] }, { presence_penalty: 1 }, false],
  [{ lacks: ['parallel_tool_calls'] }, { parallel_tool_calls: true }, true],
  [{ lacks: ['parallel_tool_calls'] }, { parallel_tool_calls: false }, false],
  [{ lacks: ['tool_choice'] }, { tool_choice: 'auto' }, true],
  [{ lacks: ['tool_choice'] }, { tool_choice: 'none' }, false],
  [{ lacks: ['tool_choice'] }, { tool_choice: 'required' }, false],
  [{ lacks: ['stream_options'] }, { stream: true, stream_options: { include_usage: false } }, false],
  [{ lacks: ['name'] }, { messages: [{ role: 'user', name: 'ada', content: 'Hi' }] }, false],
  [{ modelLacks: { models: /^m$/, lacks: ['stop'] } }, { stop: ['END'] }, false],
  [{ modelLacks: { models: /^other$/, lacks: ['stop'] } }, { stop: ['END'] }, true],
  [{ seedKey: 'random_seed' }, { seed: 1 }, false],
  [{ requiredToolChoice: 'any' }, { tool_choice: 'required' }, false],
  [{ jsonSchema: 'none' }, { response_format: { type: 'json_object' } }, true],
  [{ jsonSchema: 'none' }, { response_format: { type: 'json_schema', json_schema: { name: 'a' } } }, false],
  [{ isStrict: true }, { store: true }, false],
  [{ isStrict: true, knows: ['store'] }, { store: true }, true],
  [{ isStrict: true }, { messages: [{ role: 'assistant', content: 'Yes.' }] }, false],
  [{ hasNineCharacterCallIds: true }, { messages: [CALL] }, false],
  [{ needsReasoningOfCalls: true }, { messages: [CALL] }, false],
  [{ needsReasoningOfCalls: true }, { messages: [{ ...CALL, reasoning_content: 'Hm.' }] }, true],
  [{ reasoningKeys: ['reasoning'] }, { messages: [{ ...CALL, reasoning_content: 'Hm.' }] }, false],
  [OWN_BLOCKS, { messages: [{ ...CALL, reasoning_details: [{ ...BLOCK, format: 'anthropic-claude-v1' }] }] }, true],
  [OWN_BLOCKS, { messages: [{ ...CALL, reasoning_details: [{ ...BLOCK, format: 'openai-chat' }] }] }, false],
  [{}, { messages: [{ role: 'developer', content: 'Be brief.' }] }, false],
  [{ hasDeveloperRole: true }, { messages: [{ role: 'developer', content: 'Be brief.' }] }, true],
  [{ passes: 'Never' }, {}, false],
];

test("a client's bytes pass through where they say nothing that the server would not understand", () => {
  for (const [options, members, expected] of CASES) {
    const body: JsonObject = { model: 'chat', messages: [{ role: 'user', content: 'Hi' }], ...members };
    const request = openaiChat.decodeRequest(body, {});
    const passes = canPass({ ...SERVER, ...options }, { request, body, model: 'm' });
    assert.equal(passes, expected, JSON.stringify([Object.keys(options), members]));
  }
});
