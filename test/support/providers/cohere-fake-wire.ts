/** Cohere's Chat wire format, version 2, as the public API writes it (compared with recordings in `test/providers`). */
import type { Answer, FakeWire, Operate } from './script.ts';

const frame = (data: { readonly type: string; readonly [member: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

const finishOf = (answer: Answer): string => {
  if (answer.finishReason !== undefined) return answer.finishReason;
  if (answer.isCutShort) return 'MAX_TOKENS';
  return answer.toolCalls.length > 0 ? 'TOOL_CALL' : 'COMPLETE';
};

/** The vendor's own prompt around the request: in `tokens`, and in no bill. */
const TEMPLATE_TOKENS = 495;

const usageOf = ({ inputTokens, outputTokens }: Answer) => ({
  billed_units: { input_tokens: inputTokens, output_tokens: outputTokens },
  tokens: { input_tokens: inputTokens + TEMPLATE_TOKENS, output_tokens: outputTokens + 3 },
  cached_tokens: 448,
});

/** With tools the model writes its thoughts as a plan. */
const hasPlan = (answer: Answer): boolean => answer.reasoning !== '' && answer.toolCalls.length > 0;

const callOf = ({ id, name, arguments: text }: Answer['toolCalls'][number]) => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});

const message = (delta: object) => ({ delta: { message: delta } });

function contentEvents(answer: Answer): string[] {
  const blocks: (readonly ['text' | 'thinking', readonly string[]])[] = [];
  if (answer.reasoning !== '' && !hasPlan(answer)) blocks.push(['thinking', [answer.reasoning]]);
  if (answer.words.length > 0) blocks.push(['text', answer.words]);
  return blocks.flatMap(([type, deltas], index) => [
    frame({ type: 'content-start', index, ...message({ content: { type, [type]: '' } }) }),
    ...deltas.map((delta) => frame({ type: 'content-delta', index, ...message({ content: { [type]: delta } }) })),
    frame({ type: 'content-end', index }),
  ]);
}

const callEvents = (answer: Answer): string[] =>
  answer.toolCalls.flatMap((call, index) => {
    const { arguments: text } = call;
    const middle = text.length >> 1;
    return [
      frame({ type: 'tool-call-start', index, ...message({ tool_calls: callOf({ ...call, arguments: '' }) }) }),
      ...[text.slice(0, middle), text.slice(middle)].map((part) =>
        frame({ type: 'tool-call-delta', index, ...message({ tool_calls: { function: { arguments: part } } }) }),
      ),
      frame({ type: 'tool-call-end', index }),
    ];
  });

const events = (answer: Answer): string[] => [
  frame({
    id: answer.id,
    type: 'message-start',
    ...message({ role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }),
  }),
  ...(hasPlan(answer) ? [frame({ type: 'tool-plan-delta', ...message({ tool_plan: answer.reasoning }) })] : []),
  ...contentEvents(answer),
  ...callEvents(answer),
  frame({ type: 'message-end', delta: { finish_reason: finishOf(answer), usage: usageOf(answer) } }),
];

const contentOf = (answer: Answer): object[] => [
  ...(answer.reasoning === '' || hasPlan(answer) ? [] : [{ type: 'thinking', thinking: answer.reasoning }]),
  ...(answer.words.length === 0 ? [] : [{ type: 'text', text: answer.words.join('') }]),
];

/** One vector per text, and the tokens that are billed. */
const embed: Operate = ({ body = {}, inputTokens }) => {
  if (typeof body.input_type !== 'string') return { status: 400, body: { id: 'fake', message: 'invalid input_type' } };
  const texts = body.texts as string[];
  const vectorOf = (text: string) =>
    Array.from({ length: Number(body.output_dimension ?? 4) }, (_, at) => ((text.length * (at + 1)) % 64) / 64);
  return {
    body: {
      id: 'fake',
      texts,
      embeddings: { float: texts.map(vectorOf) },
      meta: { api_version: { version: '2' }, billed_units: { input_tokens: inputTokens } },
      response_type: 'embeddings_by_type',
    },
  };
};

export const cohereFakeWire: FakeWire = {
  path: '/v2/chat',
  operations: { '/v2/embed': embed },
  basePath: '',
  headers: (requestId) => ({ 'x-debug-trace-id': requestId }),
  credential: (headers) => /^Bearer (.+)$/.exec(String(headers.authorization))?.[1],
  events,
  body: (answer) => ({
    id: answer.id,
    message: {
      role: 'assistant',
      ...(contentOf(answer).length > 0 && { content: contentOf(answer) }),
      ...(hasPlan(answer) && { tool_plan: answer.reasoning }),
      ...(answer.toolCalls.length > 0 && { tool_calls: answer.toolCalls.map(callOf) }),
    },
    finish_reason: finishOf(answer),
    usage: usageOf(answer),
  }),
  error: (status, { message: words }, requestId) => ({
    id: requestId,
    message: words ?? `The fake provider answers ${status}.`,
  }),
  errorEvent: (_type, words) =>
    frame({ type: 'message-end', delta: { finish_reason: 'ERROR', error: words ?? 'The fake provider failed.' } }),
};
