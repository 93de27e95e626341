import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import { hostedTools as anthropic } from './anthropic-messages/hosted-tools.ts';
import { readUsage as readMessages } from './anthropic-messages/read-usage.ts';
import { hostedTools as gemini } from './gemini-generate-content/hosted-tools.ts';
import { readUsage as readGemini } from './gemini-generate-content/read-usage.ts';
import { hostedTools as chat } from './openai-chat/hosted-tools.ts';
import { hostedTools as responses } from './openai-responses/hosted-tools.ts';
import { readUsage as readResponses } from './openai-responses/read-usage.ts';

const tools = (...types: string[]): JsonObject => ({ tools: types.map((type) => ({ type, name: type })) });

test('tools that the client runs are no hosted tools, in any API', () => {
  for (const type of ['function', 'custom', 'local_shell', 'apply_patch', 'computer_use_preview', 'shell'])
    assert.equal(responses.asked(tools(type), 'gpt-5'), undefined, type);
  for (const type of ['custom', 'bash_20250124', 'text_editor_20250728', 'computer_20251124', 'memory_20250818'])
    assert.equal(anthropic.asked(tools(type), 'claude-sonnet-4-5'), undefined, type);
  assert.equal(anthropic.asked({ tools: [{ name: 'weather', input_schema: {} }] }, 'claude-sonnet-4-5'), undefined);
  assert.equal(gemini.asked({ tools: [{ functionDeclarations: [] }, { computerUse: {} }] }, 'gemini-3'), undefined);
  assert.equal(chat.asked({ tools: [{ type: 'function' }, { type: 'custom' }] }, 'gpt-4o'), undefined);
});

test('a maximum of Responses holds for all tools together, and bounds how often the model is asked', () => {
  const body = { ...tools('web_search', 'file_search', 'code_interpreter', 'function'), max_tool_calls: 3 };
  assert.deepEqual(responses.asked(body, 'gpt-5'), {
    calls: { webSearch: 3, fileSearch: 3, codeExecution: 3 },
    rounds: 4,
  });
  assert.deepEqual(responses.asked(tools('web_search_preview_2025_03_11'), 'gpt-5'), {
    calls: { webSearchPreview: null },
    rounds: null,
  });
  // MCP is free by the call, and what it finds is read all the same.
  assert.deepEqual(responses.asked(tools('mcp'), 'gpt-5'), { calls: {}, rounds: null });
});

test('what no price by the call tells is told apart, and so is a tool that nobody knows yet', () => {
  for (const type of ['image_generation', 'teleport'])
    assert.deepEqual(responses.asked({ ...tools(type), max_tool_calls: 1 }, 'gpt-5')?.calls, { other: 1 }, type);
  const hostedShell = { tools: [{ type: 'shell', environment: { type: 'container_auto' } }] };
  assert.deepEqual(responses.asked(hostedShell, 'gpt-5')?.calls, { other: null });
  for (const type of ['code_execution_20250825', 'advisor_20260301', 'teleport_20270101'])
    assert.deepEqual(anthropic.asked(tools(type), 'claude-sonnet-4-5')?.calls, { other: null }, type);
  assert.deepEqual(gemini.asked({ tools: [{ googleMaps: {} }] }, 'gemini-2.5-pro')?.calls, { other: null });
  for (const body of [{ web_search_options: {} }, { plugins: [{ id: 'web' }] }, tools('browser_search')])
    assert.deepEqual(chat.asked(body, 'm'), { calls: { other: null }, rounds: null });
});

test('each web search of Messages has its own maximum, and a turn has ten rounds whatever they are', () => {
  const search = (max_uses?: number): JsonObject => ({ type: 'web_search_20250305', name: 'web_search', max_uses });
  const asked = (...entries: JsonObject[]) => anthropic.asked({ tools: entries }, 'claude-sonnet-4-5');
  const rounds = { rounds: 10, isOutputPerRound: true };
  assert.deepEqual(asked(search(2), search(3)), { calls: { webSearch: 5 }, ...rounds });
  assert.deepEqual(asked(search(2), search()), { calls: { webSearch: null }, ...rounds });
  assert.deepEqual(asked({ type: 'web_fetch_20250910', name: 'web_fetch' }), { calls: {}, ...rounds });
  assert.deepEqual(anthropic.asked({ mcp_servers: [{ name: 'm' }] }, 'claude-sonnet-4-5'), { calls: {}, ...rounds });
});

test('compacting the turns so far reads them once more, before each round', () => {
  const context_management = { edits: [{ type: 'compact_20260112' }] };
  const asked = (body: JsonObject) => anthropic.asked({ context_management, ...body }, 'claude-opus-4-6');
  assert.deepEqual(asked({}), { calls: {}, rounds: 2, isOutputPerRound: true });
  assert.equal(asked(tools('web_fetch_20250910'))?.rounds, 20);
  assert.equal(asked({ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }), undefined);
});

test('a search of Google is one for a prompt up to Gemini 2.5, and from Gemini 3 on nothing bounds the queries', () => {
  for (const name of ['googleSearch', 'google_search']) {
    assert.deepEqual(gemini.asked({ tools: [{ [name]: {} }] }, 'gemini-2.5-flash')?.calls, { webSearch: 1 });
    assert.deepEqual(gemini.asked({ tools: [{ [name]: {} }] }, 'gemini-3.5-flash')?.calls, { webSearch: null });
  }
  assert.deepEqual(gemini.asked({ tools: [{ urlContext: {} }, { codeExecution: {} }] }, 'gemini-3.5-flash')?.calls, {});
});

test('a maximum that the client states stays, and one that it leaves out is stated where the API knows the word', () => {
  assert.deepEqual(responses.bound?.(tools('web_search'), 5), { max_tool_calls: 5 });
  assert.deepEqual(responses.bound?.({ ...tools('web_search'), max_tool_calls: 9 }, 5), {});
  assert.deepEqual(responses.bound?.(tools('function'), 5), {});
  const weather = { name: 'weather', input_schema: {} };
  const search = { type: 'web_search_20260209', name: 'web_search', allowed_domains: ['example.com'] };
  assert.deepEqual(anthropic.bound?.({ tools: [weather, search] }, 5), {
    tools: [weather, { ...search, max_uses: 5 }],
  });
  assert.deepEqual(anthropic.bound?.({ tools: [weather, { ...search, max_uses: 9 }] }, 5), {});
  assert.equal(gemini.bound, undefined);
});

test('answers tell the calls that are billed: searches without pages that are opened, queries once and not empty', () => {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const search = (type?: string): JsonObject => ({ type: 'web_search_call', ...(type && { action: { type } }) });
  const output = [
    search('search'),
    search('open_page'),
    search('find_in_page'),
    search(),
    { type: 'file_search_call' },
  ];
  assert.deepEqual(readResponses({ usage, output })?.toolCalls, { webSearch: 2, fileSearch: 1 });
  const preview = { usage, output: [search('search')], ...tools('web_search_preview') };
  assert.deepEqual(readResponses(preview)?.toolCalls, { webSearchPreview: 1 });
  const images = [{ type: 'image_generation_call' }, { type: 'code_interpreter_call' }, { type: 'mcp_call' }];
  assert.deepEqual(readResponses({ usage, output: images })?.toolCalls, { other: 1, codeExecution: 1 });
  assert.equal(readResponses({ usage, output: [{ type: 'message' }] })?.toolCalls, undefined);

  const server_tool_use = { web_search_requests: 2, web_fetch_requests: 7 };
  assert.deepEqual(readMessages({ usage: { ...usage, server_tool_use } })?.toolCalls, { webSearch: 2 });
  assert.equal(readMessages({ usage: { ...usage, server_tool_use: null } })?.toolCalls, undefined);

  const answered = (modelVersion: string): JsonObject => ({ modelVersion, usageMetadata: { promptTokenCount: 1 } });
  const queries = ['a', 'b', 'a'];
  assert.deepEqual(readGemini(answered('gemini-3.5-flash'), queries)?.toolCalls, { webSearch: 2 });
  assert.deepEqual(readGemini(answered('gemini-2.5-pro'), queries)?.toolCalls, { webSearch: 1 });
  assert.equal(readGemini(answered('gemini-2.5-pro'), [])?.toolCalls, undefined);
});
