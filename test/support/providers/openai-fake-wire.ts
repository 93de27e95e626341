/** OpenAI's Chat Completions wire format as the public API writes it (compared with recordings in `test/providers`). */
import { openaiFakeAccount } from './openai-fake-account.ts';
import { openaiFakeOperations } from './openai-fake-operations.ts';
import type { Answer, FakeWire } from './script.ts';

const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

const head = (answer: Answer, object: string) => ({
  id: `chatcmpl-${answer.id}`,
  object,
  created: answer.created,
  model: answer.model,
  service_tier: answer.serviceTier ?? 'default',
  system_fingerprint: 'fp_fake',
});

const finishOf = (answer: Answer): string => {
  if (answer.finishReason !== undefined) return answer.finishReason;
  if (answer.isCutShort) return 'length';
  return answer.toolCalls.length > 0 ? 'tool_calls' : 'stop';
};

const usageOf = (answer: Answer) => ({
  prompt_tokens: answer.inputTokens,
  completion_tokens: answer.outputTokens,
  total_tokens: answer.inputTokens + answer.outputTokens,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

/** Each call's arguments come in two fragments, the calls interleaved as parallel calls are. */
function callDeltas({ toolCalls }: Answer): object[] {
  const starts = toolCalls.map(({ id, name }, index) => ({
    index,
    id,
    type: 'function',
    function: { name, arguments: '' },
  }));
  const fragment = (half: 0 | 1) =>
    toolCalls.map(({ arguments: text }, index) => {
      const middle = text.length >> 1;
      return { index, function: { arguments: half === 0 ? text.slice(0, middle) : text.slice(middle) } };
    });
  return [...starts, ...fragment(0), ...fragment(1)].map((call) => ({ tool_calls: [call] }));
}

function events(answer: Answer): string[] {
  const chunk = (delta: object, finishReason: string | null = null) =>
    frame({
      ...head(answer, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(answer.includeUsage && { usage: null }),
    });
  const usage = { ...head(answer, 'chat.completion.chunk'), choices: [], usage: usageOf(answer) };
  return [
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...(answer.reasoning === '' ? [] : [chunk({ reasoning_content: answer.reasoning })]),
    ...answer.words.map((word) => chunk({ content: word })),
    ...callDeltas(answer).map((delta) => chunk(delta)),
    chunk({}, finishOf(answer)),
    ...(answer.includeUsage ? [frame(usage)] : []),
    'data: [DONE]\n\n',
  ];
}

export const openaiFakeWire: FakeWire = {
  path: '/v1/chat/completions',
  operations: openaiFakeOperations,
  account: openaiFakeAccount,
  basePath: '/v1',
  headers: (requestId) => ({ 'x-request-id': requestId, 'openai-processing-ms': '12', 'openai-version': '2020-10-01' }),
  credential: (headers) => /^Bearer (.+)$/.exec(String(headers.authorization))?.[1],
  events,
  body: (answer) => ({
    ...head(answer, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.words.length > 0 ? answer.words.join('') : null,
          refusal: null,
          annotations: [],
          ...(answer.reasoning !== '' && { reasoning_content: answer.reasoning }),
          ...(answer.toolCalls.length > 0 && {
            tool_calls: answer.toolCalls.map(({ id, name, arguments: text }) => ({
              id,
              type: 'function',
              function: { name, arguments: text },
            })),
          }),
        },
        logprobs: null,
        finish_reason: finishOf(answer),
      },
    ],
    usage: usageOf(answer),
  }),
  error: (status, { type, code, message }) => ({
    error: {
      message: message ?? `The fake provider answers ${status}.`,
      type: type ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
      param: null,
      code: code ?? null,
    },
  }),
  errorEvent: (type, message) =>
    frame({
      error: { message: message ?? 'The fake provider failed.', type: type ?? 'server_error', param: null, code: null },
    }),
};
