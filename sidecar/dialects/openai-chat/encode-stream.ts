/** Canonical events → Chat Completions chunks. `[DONE]` follows only what the provider itself ended. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ReasoningPart } from '#sidecar/canonical/part';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Usage } from '#sidecar/canonical/usage';
import type { EncodeContext, StreamEncoder } from '#sidecar/dialects/dialect';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { encodeFinish, encodeImage, encodeUsage } from './encode-response.ts';
import { encodeCallDetail, encodeReasoningDetail } from './reasoning-details.ts';

interface ChoiceState {
  /** The role was sent. */
  readonly isOpen: boolean;
  /** Text of the reasoning block that is open, kept because its signature comes last. */
  readonly reasoning: string;
  readonly details: number;
  readonly contentOffset: number;
  readonly toolCalls: number;
  /** Pictures so far. */
  readonly images: number;
}

export interface EncoderState {
  readonly context: EncodeContext;
  readonly head: { readonly id: string; readonly created: number; readonly model: string };
  readonly choices: readonly (ChoiceState | undefined)[];
  readonly usage: Usage | undefined;
  /** An error came: nothing that looks like success may follow. */
  readonly hasFailed: boolean;
}

type Step = readonly [EncoderState, readonly SseEvent[]];
type CallStart = Extract<StreamEvent, { readonly type: 'tool-call-start' }>;
type ContentEvent = Exclude<Extract<StreamEvent, { readonly choice: number }>, { readonly type: 'opaque-part' }>;

const NEW_CHOICE: ChoiceState = { isOpen: false, reasoning: '', details: 0, contentOffset: 0, toolCalls: 0, images: 0 };
const DONE: SseEvent = { event: '', data: '[DONE]' };

export const streamEncoder: StreamEncoder<EncoderState> = {
  start: (context) => ({
    context,
    head: { id: '', created: context.nowSeconds, model: context.request.model },
    choices: [],
    usage: undefined,
    hasFailed: false,
  }),

  step(state, event) {
    switch (event.type) {
      case 'response-start':
        return [{ ...state, head: headOf(state.context, event) }, []];
      case 'usage':
        return [{ ...state, usage: event.usage }, []];
      // Only the API that made it has a place for it.
      case 'opaque-part':
        return [state, []];
      case 'members':
        return event.extensions['openai-chat'] === undefined ? [state, []] : stepContent(state, event);
      case 'error':
        return [{ ...state, hasFailed: true }, []];
      case 'response-end':
        return [state, state.hasFailed ? [] : [...usageChunk(state), DONE]];
      default:
        return stepContent(state, event);
    }
  },
};

const headOf = (context: EncodeContext, event: Extract<StreamEvent, { type: 'response-start' }>) => ({
  id: event.id,
  created: event.created ?? context.nowSeconds,
  model: event.model === '' ? context.request.model : event.model,
});

/** The role goes out with a choice's first event, never before: it must not be the reason why a retry is too late. */
function stepContent(state: EncoderState, event: ContentEvent): Step {
  const choice = state.choices[event.choice] ?? NEW_CHOICE;
  const role = choice.isOpen ? [] : [chunk(state, event.choice, { delta: { role: 'assistant', content: '' } })];
  const [next, delta] = encodeContent(choice, event);
  const choices = [...state.choices];
  choices[event.choice] = next.isOpen ? next : { ...next, isOpen: true };
  return [{ ...state, choices }, [...role, ...(delta === undefined ? [] : [chunk(state, event.choice, delta)])]];
}

/** The choice after the event, and the members of the chunk's choice that tell it, if anything is to be told. */
function encodeContent(choice: ChoiceState, event: ContentEvent): readonly [ChoiceState, JsonObject | undefined] {
  switch (event.type) {
    case 'text-delta': {
      const contentOffset = choice.contentOffset + event.text.length;
      return [
        // A text closes the reasoning before it: a proof that follows is the text's own.
        { ...choice, contentOffset, reasoning: '' },
        { delta: { content: event.text }, ...logprobs(event.logprobs) },
      ];
    }
    case 'refusal-delta':
      return [choice, { delta: { refusal: event.text } }];
    case 'reasoning-delta':
      return [{ ...choice, reasoning: choice.reasoning + event.text }, { delta: { reasoning_content: event.text } }];
    case 'reasoning-signature':
      return closeReasoning(choice, { type: 'reasoning', text: choice.reasoning, signature: event.signature });
    case 'reasoning-redacted':
      return closeReasoning(choice, { type: 'reasoning', text: '', redacted: event.redacted });
    case 'image':
      return [
        { ...choice, images: choice.images + 1 },
        { delta: { images: [encodeImage(event.image, choice.images)] } },
      ];
    case 'members':
      return [choice, { delta: { ...event.extensions['openai-chat'] } }];
    case 'tool-call-start':
      return startCall(choice, event);
    case 'tool-call-delta':
      return [choice, { delta: { tool_calls: [{ index: event.index, function: { arguments: event.arguments } }] } }];
    case 'finish':
      return [choice, { delta: {}, ...encodeFinish(event.reason, event.raw) }];
  }
}

const logprobs = (value: JsonValue | undefined): JsonObject => (value === undefined ? {} : { logprobs: value });

function closeReasoning(choice: ChoiceState, part: ReasoningPart): readonly [ChoiceState, JsonObject] {
  return [
    { ...choice, reasoning: '', details: choice.details + 1 },
    { delta: { reasoning_details: [encodeReasoningDetail(part, choice.details, choice)] } },
  ];
}

function startCall(choice: ChoiceState, event: CallStart): readonly [ChoiceState, JsonObject] {
  const { signature } = event;
  const next = { ...choice, toolCalls: choice.toolCalls + 1, reasoning: '' };
  if (signature === undefined) return [next, { delta: { tool_calls: [startOfCall(event)] } }];
  return [
    { ...next, details: choice.details + 1 },
    {
      delta: {
        tool_calls: [startOfCall(event)],
        reasoning_details: [encodeCallDetail(event.id, signature, choice.details)],
      },
    },
  ];
}

const startOfCall = (event: CallStart): JsonObject => ({
  index: event.index,
  id: event.id,
  type: 'function',
  function: { name: event.name, arguments: '' },
});

function chunk(state: EncoderState, index: number, choice: JsonObject): SseEvent {
  return write(state, {
    choices: [{ index, delta: {}, logprobs: null, finish_reason: null, ...choice }],
    ...(state.context.request.includeUsage && { usage: null }),
  });
}

function usageChunk(state: EncoderState): SseEvent[] {
  if (!state.context.request.includeUsage || state.usage === undefined) return [];
  return [write(state, { choices: [], usage: encodeUsage(state.usage, state.context.costUsd?.()) })];
}

const write = ({ head }: EncoderState, members: JsonObject): SseEvent => ({
  event: '',
  data: JSON.stringify({
    id: head.id,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
    ...members,
  }),
});
