/** OpenAI's Responses wire format as the public API writes it (compared with recordings in `test/providers`). */
import type { Response, ResponseOutputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { openaiFakeWire } from './openai-fake-wire.ts';
import type { Answer, FakeWire } from './script.ts';

/** What the client library adds to an answer, and a member that the recordings are older than. */
type WireResponse = Omit<Response, 'output_text' | 'access_programs'>;

const ENCRYPTED = 'gAAAAfake-encrypted-reasoning';

/** Not the library's own types, which have members that the service leaves out of events. */
type Event = { readonly type: ResponseStreamEvent['type']; readonly [member: string]: unknown };

const frames = (events: readonly Event[]): string[] =>
  events.map(
    ({ type, ...members }, index) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: index, ...members })}\n\n`,
  );

const incompleteReason = ({ finishReason, isCutShort }: Answer): string | undefined =>
  finishReason ?? (isCutShort ? 'max_output_tokens' : undefined);

const responseOf = (answer: Answer, status: 'in_progress' | 'completed' | 'incomplete', output: ResponseOutputItem[]) =>
  ({
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: answer.created,
    status,
    background: false,
    error: null,
    incomplete_details:
      status === 'incomplete'
        ? // The word is the script's own.
          { reason: incompleteReason(answer) as 'max_output_tokens' }
        : null,
    instructions: null,
    max_output_tokens: null,
    model: answer.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: 'medium', summary: null },
    service_tier: 'default',
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: 0,
    top_p: 1,
    truncation: 'disabled',
    metadata: {},
    ...(status !== 'in_progress' && {
      usage: {
        input_tokens: answer.inputTokens,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: answer.outputTokens,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: answer.inputTokens + answer.outputTokens,
      },
    }),
  }) satisfies WireResponse;

const statusOf = (answer: Answer) => (incompleteReason(answer) === undefined ? 'completed' : 'incomplete');

const reasoningItem = (answer: Answer): ResponseOutputItem => ({
  id: `rs_${answer.id}`,
  type: 'reasoning',
  summary: [{ type: 'summary_text', text: answer.reasoning }],
  encrypted_content: ENCRYPTED,
});

const messageItem = (answer: Answer, text: string): ResponseOutputItem => ({
  id: `msg_${answer.id}`,
  type: 'message',
  status: statusOf(answer),
  content: [{ type: 'output_text', annotations: [], logprobs: [], text }],
  role: 'assistant',
});

const callItem = (
  answer: Answer,
  { id, name, arguments: text }: Answer['toolCalls'][number],
  index: number,
): ResponseOutputItem => ({
  id: `fc_${answer.id}_${index}`,
  type: 'function_call',
  status: 'completed',
  arguments: text,
  call_id: id,
  name,
});

const searchItem = ({ id }: Answer, index: number): ResponseOutputItem => ({
  id: `ws_${id}_${index}`,
  type: 'web_search_call',
  status: 'completed',
  action: { type: 'search', query: `query ${index}` },
});

/** A page that is opened is a call, too, and not billed. */
const openedItem = ({ id }: Answer): ResponseOutputItem => ({
  id: `ws_${id}_opened`,
  type: 'web_search_call',
  status: 'completed',
  action: { type: 'open_page', url: 'https://example.com' },
});

const searchItems = (answer: Answer): ResponseOutputItem[] =>
  answer.searches === 0
    ? []
    : [...Array.from({ length: answer.searches }, (_, index) => searchItem(answer, index)), openedItem(answer)];

const outputOf = (answer: Answer): ResponseOutputItem[] => [
  ...searchItems(answer),
  ...(answer.reasoning === '' ? [] : [reasoningItem(answer)]),
  ...(answer.words.length === 0 ? [] : [messageItem(answer, answer.words.join(''))]),
  ...answer.toolCalls.map((call, index) => callItem(answer, call, index)),
];

function itemEvents(answer: Answer, item: ResponseOutputItem, place: number): Event[] {
  const at = { output_index: place, item_id: item.id };
  const around = (begun: object, inner: readonly Event[]): Event[] => [
    { type: 'response.output_item.added', output_index: place, item: { ...item, ...begun } },
    ...inner,
    { type: 'response.output_item.done', output_index: place, item },
  ];
  switch (item.type) {
    case 'web_search_call':
      return around({ status: 'in_progress' }, []);
    case 'reasoning':
      return around({ summary: [], encrypted_content: '' }, summaryEvents(answer, at));
    case 'function_call': {
      const { arguments: text } = item;
      const middle = text.length >> 1;
      const halves = [text.slice(0, middle), text.slice(middle)].map(
        (delta): Event => ({ type: 'response.function_call_arguments.delta', ...at, delta }),
      );
      const done: Event = { type: 'response.function_call_arguments.done', ...at, arguments: text };
      return around({ arguments: '', status: 'in_progress' }, [...halves, done]);
    }
    default:
      return around({ content: [], status: 'in_progress' }, textEvents(answer, { ...at, content_index: 0 }));
  }
}

const summaryEvents = (answer: Answer, item: object): Event[] => {
  const at = { ...item, summary_index: 0 };
  const part = { type: 'summary_text', text: answer.reasoning };
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.reasoning_summary_text.delta', ...at, delta: answer.reasoning },
    { type: 'response.reasoning_summary_text.done', ...at, text: answer.reasoning },
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ];
};

const textEvents = (answer: Answer, at: object): Event[] => {
  const text = answer.words.join('');
  const part = { type: 'output_text', annotations: [], logprobs: [], text };
  return [
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...answer.words.map((delta): Event => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part },
  ];
};

function events(answer: Answer): string[] {
  const output = outputOf(answer);
  const begun = { ...responseOf(answer, 'in_progress', []), usage: null };
  const status = statusOf(answer);
  return frames([
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...output.flatMap((item, place) => itemEvents(answer, item, place)),
    { type: `response.${status}`, response: responseOf(answer, status, output) },
  ]);
}

export const openaiResponsesFakeWire: FakeWire = {
  ...openaiFakeWire,
  path: '/v1/responses',
  body: (answer) => responseOf(answer, statusOf(answer), outputOf(answer)),
  events,
  errorEvent: (type, message) =>
    `event: error\ndata: ${JSON.stringify({
      type: 'error',
      sequence_number: 2,
      error: {
        type: type ?? 'server_error',
        code: type ?? 'server_error',
        message: message ?? 'The fake provider failed.',
        param: null,
      },
    })}\n\n`,
};
