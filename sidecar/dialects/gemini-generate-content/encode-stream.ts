/**
 * Canonical events → chunks of streamGenerateContent. Function calls are whole in this API, so they are gathered; why a choice ended goes
 * out with the usage, when the provider itself has ended: to clients it is the mark of success.
 */
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Usage } from '#sidecar/canonical/usage';
import type { EncodeContext, StreamEncoder } from '#sidecar/dialects/dialect';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { API_ID } from './api-id.ts';
import { encodeLogprobs } from './encode-logprobs.ts';
import { type EncodableCall, encodeCall, encodeImage, encodeReasoning, encodeUsage } from './encode-response.ts';
import { encodeFinish } from './finish.ts';

interface ChoiceState {
  /** By their canonical index. */
  readonly calls: ReadonlyMap<number, EncodableCall>;
  /** Thoughts went out whose proof has not come. */
  readonly hasOpenThoughts: boolean;
  readonly finish: JsonObject | undefined;
  /** Members of the candidate that this API alone has. */
  readonly own?: JsonObject;
}

export interface EncoderState {
  readonly head: JsonObject;
  readonly choices: ReadonlyMap<number, ChoiceState>;
  readonly usage: Usage | undefined;
  /** An error came: nothing that looks like success may follow. */
  readonly hasFailed: boolean;
}

type Step = readonly [EncoderState, readonly SseEvent[]];
type ContentEvent = Exclude<Extract<StreamEvent, { readonly choice: number }>, { readonly type: 'opaque-part' }>;

const NEW_CHOICE: ChoiceState = { calls: new Map(), hasOpenThoughts: false, finish: undefined };

export const streamEncoder: StreamEncoder<EncoderState> = {
  start: ({ request }: EncodeContext) => ({
    head: { modelVersion: request.model, responseId: '' },
    choices: new Map(),
    usage: undefined,
    hasFailed: false,
  }),

  step(state, event) {
    switch (event.type) {
      case 'response-start': {
        const modelVersion = event.model === '' ? state.head.modelVersion : event.model;
        return [{ ...state, head: { modelVersion, responseId: event.id } }, []];
      }
      case 'usage':
        return [{ ...state, usage: event.usage }, []];
      case 'opaque-part':
        return [state, event.part.api === API_ID ? [partChunk(state, event.choice, event.part.value)] : []];
      case 'error':
        return [{ ...state, hasFailed: true }, []];
      case 'response-end':
        return [state, state.hasFailed ? [] : [lastChunk(state)]];
      default:
        return stepContent(state, event);
    }
  },
};

function stepContent(state: EncoderState, event: ContentEvent): Step {
  const before = state.choices.get(event.choice) ?? NEW_CHOICE;
  const [choice, part, more] = encodeContent(before, event);
  const next = choice === before ? state : { ...state, choices: new Map(state.choices).set(event.choice, choice) };
  if (part === undefined) return [next, []];
  return [next, [partChunk(state, event.choice, part, more)]];
}

/** The choice after the event, the part that tells it, and further members of the candidate. */
function encodeContent(choice: ChoiceState, event: ContentEvent): readonly [ChoiceState, JsonObject?, JsonObject?] {
  switch (event.type) {
    case 'text-delta':
      return [closed(choice), { text: event.text }, encodeLogprobs(event.logprobs)];
    case 'refusal-delta':
      return [closed(choice), { text: event.text }];
    case 'reasoning-delta':
      return [
        { ...choice, hasOpenThoughts: true },
        { text: event.text, thought: true },
      ];
    case 'reasoning-signature': {
      // A proof of thoughts belongs to the thoughts, whoever made it.
      const part = encodeReasoning('', event);
      return [closed(choice), choice.hasOpenThoughts ? { ...part, thought: true } : part];
    }
    case 'reasoning-redacted':
      return [closed(choice), encodeReasoning('', event)];
    case 'tool-call-start': {
      const { id, name, signature } = event;
      const call = { id, name, arguments: '', ...(signature !== undefined && { signature }) };
      return [{ ...closed(choice), calls: new Map(choice.calls).set(event.index, call) }];
    }
    case 'tool-call-delta': {
      const call = choice.calls.get(event.index);
      if (call === undefined) return [choice];
      const longer = { ...call, arguments: call.arguments + event.arguments };
      return [{ ...choice, calls: new Map(choice.calls).set(event.index, longer) }];
    }
    case 'image':
      return [closed(choice), encodeImage(event.image)];
    case 'members':
      return [{ ...choice, own: { ...choice.own, ...event.extensions[API_ID] } }];
    case 'finish':
      return [{ ...choice, finish: encodeFinish(event.reason, event.raw) }];
  }
}

const closed = (choice: ChoiceState): ChoiceState =>
  choice.hasOpenThoughts ? { ...choice, hasOpenThoughts: false } : choice;

const partChunk = (state: EncoderState, index: number, part: JsonObject, more?: JsonObject): SseEvent =>
  chunk(state, { candidates: [{ index, content: { role: 'model', parts: [part] }, ...more }] });

function lastChunk(state: EncoderState): SseEvent {
  const candidates = [...state.choices].map(([index, { calls, finish, own }]) => {
    const parts = [...calls].sort(([a], [b]) => a - b).map(([, call]) => encodeCall(call));
    return { index, content: { role: 'model', parts: parts.length > 0 ? parts : [{ text: '' }] }, ...finish, ...own };
  });
  return chunk(state, {
    candidates,
    ...(state.usage !== undefined && { usageMetadata: encodeUsage(state.usage) }),
  });
}

const chunk = ({ head }: EncoderState, members: JsonObject): SseEvent => ({
  event: '',
  data: JSON.stringify({ ...members, ...head }),
});
