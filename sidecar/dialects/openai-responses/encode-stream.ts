/**
 * Canonical events → Responses events. Text, refusal and reasoning are open one at a time; calls, whose arguments may interleave, stay open until the
 * answer finishes. The last event carries the whole response and follows only what the provider itself ended.
 */
import type { FinishReason } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Usage } from '#sidecar/canonical/usage';
import type { EncodeContext, StreamEncoder } from '#sidecar/dialects/dialect';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { DIALECT_ID } from './api-id.ts';
import { encodeUsage, endOf, type Head, headOf, responseObject } from './encode-response.ts';
import { ItemWriter, NO_ITEMS, type OpenItems } from './item-writer.ts';

export interface EncoderState {
  readonly context: EncodeContext;
  readonly head: Head;
  /** `response.created` was sent. */
  readonly isOpen: boolean;
  /** Number of the next event. */
  readonly sequence: number;
  readonly items: OpenItems;
  readonly reason: FinishReason | undefined;
  readonly usage: Usage | undefined;
  /** An error came: nothing that looks like success may follow. */
  readonly hasFailed: boolean;
}

type Step = readonly [EncoderState, readonly SseEvent[]];
type ContentEvent = Extract<StreamEvent, { readonly choice: number }>;

export const streamEncoder: StreamEncoder<EncoderState> = {
  start: (context) => ({
    context,
    head: headOf(context, { id: '', model: '' }),
    isOpen: false,
    sequence: 0,
    items: NO_ITEMS,
    reason: undefined,
    usage: undefined,
    hasFailed: false,
  }),

  step(state, event) {
    switch (event.type) {
      case 'response-start':
        return [state.isOpen ? state : { ...state, head: headOf(state.context, event) }, []];
      case 'usage':
        return [{ ...state, usage: event.usage }, []];
      case 'error':
        return [{ ...state, hasFailed: true }, []];
      case 'response-end':
        return state.hasFailed ? [state, []] : end(state);
      default:
        // The API answers with one choice, and cannot be asked for more.
        return event.choice === 0 && hasPlace(event) ? stepContent(state, event) : [state, []];
    }
  },
};

/** Sources of a text belong to an item that has ended when they come. */
const hasPlace = (event: ContentEvent): boolean =>
  event.type !== 'members' && (event.type !== 'opaque-part' || event.part.api === DIALECT_ID);

function stepContent(state: EncoderState, event: ContentEvent): Step {
  const [open, opening] = state.isOpen ? [state, []] : begin(state);
  const writer = new ItemWriter(open.items, open.head.stem);
  writeContent(writer, event);
  const [next, written] = number(open, writer.events);
  const reason = event.type === 'finish' ? event.reason : open.reason;
  return [{ ...next, items: writer.items, reason }, [...opening, ...written]];
}

function writeContent(writer: ItemWriter, event: ContentEvent): void {
  switch (event.type) {
    case 'text-delta':
      writer.say('output_text', event.text, event.logprobs);
      break;
    case 'refusal-delta':
      writer.say('refusal', event.text);
      break;
    case 'reasoning-delta':
      writer.reason(event.text);
      break;
    case 'reasoning-signature':
      writer.seal(event.signature);
      break;
    case 'reasoning-redacted':
      writer.redact(event.redacted);
      break;
    case 'tool-call-start':
      writer.startCall(event);
      break;
    case 'tool-call-delta':
      writer.argue(event.index, event.arguments);
      break;
    case 'image':
      writer.picture(event.image);
      break;
    case 'opaque-part':
      writer.whole(event.part.value);
      break;
    case 'finish':
      writer.finish(endOf(event.reason).status);
      break;
  }
}

/** Goes out with the first content, never before: it must not be the reason why a retry is too late. */
function begin(state: EncoderState): Step {
  const response = responseObject(state.context, state.head, { status: 'in_progress', output: [], usage: null });
  return number({ ...state, isOpen: true }, [
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
  ]);
}

function end(state: EncoderState): Step {
  const [open, opening] = state.isOpen ? [state, []] : begin(state);
  const { status, ...details } = endOf(open.reason ?? 'other');
  const { context, usage } = open;
  const response = responseObject(context, open.head, {
    status,
    ...details,
    output: open.items.done,
    usage: usage === undefined ? null : encodeUsage(usage, context.costUsd?.()),
  });
  context.made?.told(response);
  const [next, ending] = number(open, [{ type: `response.${status}`, response }]);
  return [next, [...opening, ...ending]];
}

/** Writes the events with their numbers. */
function number(state: EncoderState, events: readonly (JsonObject & { readonly type: string })[]): Step {
  const written = events.map(({ type, ...members }, index) => ({
    event: type,
    data: JSON.stringify({ type, sequence_number: state.sequence + index, ...members }),
  }));
  return [{ ...state, sequence: state.sequence + events.length }, written];
}
