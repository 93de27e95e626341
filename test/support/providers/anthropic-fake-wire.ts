/** Anthropic's Messages wire format as the public API writes it (compared with recordings in `test/providers`). */
import { anthropicFakeAccount } from './anthropic-fake-account.ts';
import type { Answer, FakeWire } from './script.ts';

const frame = (data: { readonly type: string; readonly [member: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

const STATUS_TYPE: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

const usageOf = (answer: Answer, outputTokens: number) => ({
  input_tokens: answer.inputTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: outputTokens,
  ...(answer.searches > 0 && { server_tool_use: { web_search_requests: answer.searches, web_fetch_requests: 0 } }),
});

const finishOf = (answer: Answer): string => {
  if (answer.finishReason !== undefined) return answer.finishReason;
  if (answer.isCutShort) return 'max_tokens';
  return answer.toolCalls.length > 0 ? 'tool_use' : 'end_turn';
};

const SIGNATURE = 'ZmFrZS1zaWduYXR1cmU=';

const contentOf = (answer: Answer): object[] => [
  ...(answer.reasoning === '' ? [] : [{ type: 'thinking', thinking: answer.reasoning, signature: SIGNATURE }]),
  ...(answer.words.length === 0 ? [] : [{ type: 'text', text: answer.words.join('') }]),
  ...answer.toolCalls.map(({ id, name, arguments: text }) => ({ type: 'tool_use', id, name, input: JSON.parse(text) })),
];

const messageOf = (answer: Answer, content: object[], outputTokens: number) => ({
  id: `msg_${answer.id}`,
  type: 'message',
  role: 'assistant',
  model: answer.model,
  content,
  stop_sequence: null,
  usage: { ...usageOf(answer, outputTokens), service_tier: answer.serviceTier ?? 'standard' },
});

/** Start, deltas and stop of one content block. */
const block = (index: number, start: object, deltas: readonly object[]): string[] => [
  frame({ type: 'content_block_start', index, content_block: start }),
  ...deltas.map((delta) => frame({ type: 'content_block_delta', index, delta })),
  frame({ type: 'content_block_stop', index }),
];

function blocks(answer: Answer): string[] {
  const all: (readonly [object, readonly object[]])[] = [];
  if (answer.reasoning !== '')
    all.push([
      { type: 'thinking', thinking: '', signature: '' },
      [
        { type: 'thinking_delta', thinking: answer.reasoning },
        { type: 'signature_delta', signature: SIGNATURE },
      ],
    ]);
  if (answer.words.length > 0)
    all.push([{ type: 'text', text: '' }, answer.words.map((text) => ({ type: 'text_delta', text }))]);
  for (const { id, name, arguments: text } of answer.toolCalls)
    all.push([
      { type: 'tool_use', id, name, input: {} },
      ['', text.slice(0, text.length >> 1), text.slice(text.length >> 1)].map((partial) => ({
        type: 'input_json_delta',
        partial_json: partial,
      })),
    ]);
  return all.flatMap(([start, deltas], index) => block(index, start, deltas));
}

const events = (answer: Answer): string[] => [
  frame({ type: 'message_start', message: { ...messageOf(answer, [], 1), stop_reason: null } }),
  frame({ type: 'ping' }),
  ...blocks(answer),
  frame({
    type: 'message_delta',
    delta: { stop_reason: finishOf(answer), stop_sequence: null },
    usage: usageOf(answer, answer.outputTokens),
  }),
  frame({ type: 'message_stop' }),
];

export const anthropicFakeWire: FakeWire = {
  account: anthropicFakeAccount,
  path: '/v1/messages',
  operations: { '/v1/messages/count_tokens': ({ inputTokens }) => ({ body: { input_tokens: inputTokens } }) },
  basePath: '',
  headers: (requestId) => ({ 'request-id': requestId, 'anthropic-organization-id': 'fake' }),
  credential: (headers) => (typeof headers['x-api-key'] === 'string' ? headers['x-api-key'] : undefined),
  events,
  body: (answer) => ({
    ...messageOf(answer, contentOf(answer), answer.outputTokens),
    stop_reason: finishOf(answer),
  }),
  error: (status, { type, message }, requestId) => ({
    type: 'error',
    error: {
      type: type ?? STATUS_TYPE[status] ?? 'api_error',
      message: message ?? `The fake provider answers ${status}.`,
    },
    request_id: requestId,
  }),
  errorEvent: (type, message) =>
    frame({ type: 'error', error: { type: type ?? 'overloaded_error', message: message ?? 'Overloaded' } }),
};
