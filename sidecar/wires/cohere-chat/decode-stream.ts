/** Chat stream → canonical events. Kinds that are not known say nothing. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { parseJson } from '#sidecar/json/body';
import { MALFORMED_EVENT } from '#sidecar/wires/malformed-event';
import { asCount, asObject, asString, asText } from '#sidecar/wires/read-field';
import type { StreamDecoder } from '#sidecar/wires/wire';
import { wholeArguments } from './decode-response.ts';
import { readFailedEnd } from './map-error.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { readUsage } from './read-usage.ts';
import { type ReasoningKind, seal, WIRE_ID } from './seal.ts';

interface OpenCall {
  readonly upstreamIndex: number;
  /** Arguments so far, until it is clear that they are not `null`. */
  readonly held: string;
  readonly hasArguments: boolean;
}

export interface DecoderState {
  /** `message-end` or a failure came; nothing after it counts. */
  readonly hasEnded: boolean;
  /** Reasoning that is open, to be sealed when something else begins. */
  readonly reasoning: ReasoningKind | undefined;
  /** In order: their place is the canonical index. */
  readonly calls: readonly OpenCall[];
}

type Step = readonly [DecoderState, readonly StreamEvent[]];
type Handler = (state: DecoderState, message: JsonObject, event: JsonObject) => Step;

/** The API answers with one choice. */
const choice = 0;

const HANDLERS: Readonly<Record<string, Handler>> = {
  'message-start': (state, _message, event) => [
    state,
    [{ type: 'response-start', id: asString(event.id) ?? '', model: '' }],
  ],
  'content-start': decodeContent,
  'content-delta': decodeContent,
  'tool-plan-delta': (state, message) => think(state, 'tool_plan', asString(message.tool_plan) ?? ''),
  'tool-call-start': startCall,
  'tool-call-delta': deltaCall,
  'tool-call-end': endCall,
  'citation-start': cite,
  'message-end': endMessage,
};

export const streamDecoder: StreamDecoder<DecoderState> = {
  start: () => ({ hasEnded: false, reasoning: undefined, calls: [] }),

  step(state, event) {
    if (state.hasEnded || event.data === '[DONE]') return [state, []];
    const value = parseJson(event.data);
    if (value === undefined) return [{ ...state, hasEnded: true }, [{ type: 'error', error: MALFORMED_EVENT }]];
    const body = asObject(value) ?? {};
    const kind = asText(body.type) ?? event.event;
    const handler = Object.hasOwn(HANDLERS, kind) ? HANDLERS[kind] : undefined;
    if (handler === undefined) return failedStep(state, body);
    return handler(state, asObject(asObject(body.delta)?.message) ?? {}, body);
  },
};

/** What is no event of the API may be its error: `{message}`, without a type. */
function failedStep(state: DecoderState, body: JsonObject): Step {
  const message = asText(body.message);
  if (message === undefined || body.type !== undefined) return [state, []];
  const error = readFailedEnd({ error: message });
  return error === undefined ? [state, []] : [{ ...state, hasEnded: true }, [{ type: 'error', error }]];
}

function decodeContent(state: DecoderState, message: JsonObject): Step {
  const content = asObject(message.content) ?? {};
  const thinking = asText(content.thinking);
  if (thinking !== undefined) return think(state, 'thinking', thinking);
  const text = asText(content.text);
  if (text === undefined) return [state, []];
  return after(closeReasoning(state), [{ type: 'text-delta', choice, text }]);
}

function think(state: DecoderState, kind: ReasoningKind, text: string): Step {
  if (text === '') return [state, []];
  const [open, closing] = state.reasoning === kind ? [state, []] : closeReasoning(state);
  return [{ ...open, reasoning: kind }, [...closing, { type: 'reasoning-delta', choice, text }]];
}

function closeReasoning(state: DecoderState): Step {
  if (state.reasoning === undefined) return [state, []];
  const signature = seal(state.reasoning);
  return [{ ...state, reasoning: undefined }, [{ type: 'reasoning-signature', choice, signature }]];
}

const after = ([state, events]: Step, more: readonly StreamEvent[]): Step => [state, [...events, ...more]];

function startCall(state: DecoderState, message: JsonObject, event: JsonObject): Step {
  const call = asObject(message.tool_calls) ?? {};
  const called = asObject(call.function) ?? {};
  const index = state.calls.length;
  const start: StreamEvent = {
    type: 'tool-call-start',
    choice,
    index,
    id: asString(call.id) ?? '',
    name: asString(called.name) ?? '',
  };
  const [closed, events] = closeReasoning(state);
  const opened = { upstreamIndex: asCount(event.index) ?? index, held: '', hasArguments: false };
  const next = { ...closed, calls: [...closed.calls, opened] };
  return addArguments([next, [...events, start]], index, asString(called.arguments) ?? '');
}

function deltaCall(state: DecoderState, message: JsonObject, event: JsonObject): Step {
  const text = asString(asObject(asObject(message.tool_calls)?.function)?.arguments) ?? '';
  return addArguments([state, []], findCall(state, event), text);
}

function endCall(state: DecoderState, _message: JsonObject, event: JsonObject): Step {
  return closeCall(state, findCall(state, event));
}

const findCall = ({ calls }: DecoderState, event: JsonObject): number => {
  const upstreamIndex = asCount(event.index);
  return calls.findLastIndex((call) => upstreamIndex === undefined || call.upstreamIndex === upstreamIndex);
};

/** `null` for arguments is held back until the call ends or goes on, since clients expect an object. */
function addArguments([state, events]: Step, index: number, text: string): Step {
  const call = state.calls[index];
  if (call === undefined || text === '') return [state, events];
  const whole = call.held + text;
  if (!call.hasArguments && 'null'.startsWith(whole)) return [withCall(state, index, { ...call, held: whole }), events];
  const next = withCall(state, index, { ...call, held: '', hasArguments: true });
  return [next, [...events, { type: 'tool-call-delta', choice, index, arguments: whole }]];
}

function closeCall(state: DecoderState, index: number): Step {
  const call = state.calls[index];
  if (call === undefined || call.hasArguments) return [state, []];
  const next = withCall(state, index, { ...call, held: '', hasArguments: true });
  return [next, [{ type: 'tool-call-delta', choice, index, arguments: wholeArguments(call.held) }]];
}

const withCall = (state: DecoderState, index: number, call: OpenCall): DecoderState => ({
  ...state,
  calls: state.calls.with(index, call),
});

function endMessage(state: DecoderState, _message: JsonObject, event: JsonObject): Step {
  const end = asObject(event.delta) ?? {};
  const ended = { ...state, hasEnded: true };
  const error = readFailedEnd(end);
  if (error !== undefined) return [ended, [{ type: 'error', error }]];
  const raw = asText(end.finish_reason);
  const usage = readUsage(end);
  const [, closing] = closeReasoning(state);
  const open = state.calls.flatMap((_, index) => closeCall(state, index)[1]);
  return [
    ended,
    [
      ...closing,
      ...open,
      { type: 'finish', choice, reason: mapFinishReason(raw ?? ''), ...(raw !== undefined && { raw }) },
      ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
      { type: 'response-end' },
    ],
  ];
}

/** A source of the text so far, whole. */
function cite(state: DecoderState, message: JsonObject): Step {
  const { citations } = message;
  if (citations === undefined) return [state, []];
  const members = { citations: Array.isArray(citations) ? citations : [citations] };
  return [state, [{ type: 'members', choice, extensions: { [WIRE_ID]: members } }]];
}
