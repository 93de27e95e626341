/**
 * Responses stream → canonical events. Items are told apart by their place in the output, since some services give one item another id with each
 * event. What only the end of an item says (its seal, arguments that were not streamed) is said there.
 */
import type { JsonObject } from '#sidecar/canonical/json';
import type { TextPart } from '#sidecar/canonical/part';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { parseJson } from '#sidecar/json/body';
import { MALFORMED_EVENT } from '#sidecar/wires/malformed-event';
import { asArray, asCount, asObject, asString, asText } from '#sidecar/wires/read-field';
import type { StreamDecoder } from '#sidecar/wires/wire';
import { decodeItem, isFunctionCall, logprobsOf, PARAGRAPH } from './decode-item.ts';
import { isHostedCall } from './hosted-tools.ts';
import { mapFinish } from './map-finish-reason.ts';
import { readFailure } from './read-failure.ts';
import { readUsage } from './read-usage.ts';
import { sealOf, WIRE_ID } from './seal.ts';

export interface DecoderState {
  readonly hasStarted: boolean;
  /** The response ended or failed; nothing after it counts. */
  readonly hasEnded: boolean;
  /** The canonical index of the call that stands at a place of the output. */
  readonly calls: ReadonlyMap<number, number>;
  /** Places whose text or arguments have been streamed, with the kind of event that did: its end need not repeat them. */
  readonly streamed: ReadonlyMap<number, string>;
  /** Calls of the provider's own tools: some services leave the output out at the end. */
  readonly hosted: readonly JsonObject[];
}

type Step = readonly [DecoderState, readonly StreamEvent[]];
type Handler = (state: DecoderState, event: JsonObject) => Step;

/** The API answers with one choice. */
const choice = 0;

const HANDLERS: Readonly<Record<string, Handler>> = {
  'response.created': start,
  'response.queued': start,
  'response.in_progress': start,
  'response.output_item.added': addItem,
  'response.output_item.done': endItem,
  'response.output_text.delta': deltaText,
  'response.refusal.delta': (state, event) => delta(state, event, (text) => ({ type: 'refusal-delta', choice, text })),
  'response.reasoning_summary_part.added': addParagraph,
  'response.reasoning_summary_text.delta': deltaReasoning,
  'response.reasoning_text.delta': deltaReasoning,
  'response.function_call_arguments.delta': (state, event) => argumentsOf(state, event, asText(event.delta)),
  'response.function_call_arguments.done': (state, event) =>
    state.streamed.has(placeOf(event)) ? [state, []] : argumentsOf(state, event, asText(event.arguments)),
  'response.completed': end,
  'response.incomplete': end,
  'response.failed': (state, event) => fail(state, asObject(event.response) ?? {}),
  error: fail,
};

export const streamDecoder: StreamDecoder<DecoderState> = {
  start: () => ({ hasStarted: false, hasEnded: false, calls: new Map(), streamed: new Map(), hosted: [] }),

  step(state, event) {
    // Some servers end the stream as Chat Completions do; here the response says itself that it is over.
    if (state.hasEnded || event.data === '[DONE]') return [state, []];
    const value = parseJson(event.data);
    if (value === undefined) return [{ ...state, hasEnded: true }, [{ type: 'error', error: MALFORMED_EVENT }]];
    const body = asObject(value) ?? {};
    const kind = asText(body.type) ?? (body.error == null ? event.event : 'error');
    const handler = Object.hasOwn(HANDLERS, kind) ? HANDLERS[kind] : undefined;
    return handler === undefined ? [state, []] : handler(state, body);
  },
};

const placeOf = (event: JsonObject): number => asCount(event.output_index) ?? -1;

function start(state: DecoderState, event: JsonObject): Step {
  const response = asObject(event.response);
  if (state.hasStarted || response === undefined) return [state, []];
  const created = asCount(response.created_at);
  const head = {
    type: 'response-start',
    id: asString(response.id) ?? '',
    model: asString(response.model) ?? '',
    ...(created !== undefined && { created }),
  } as const;
  return [{ ...state, hasStarted: true }, [head]];
}

const markStreamed = (state: DecoderState, place: number, kind: string): DecoderState =>
  state.streamed.has(place) ? state : { ...state, streamed: new Map(state.streamed).set(place, kind) };

function delta(state: DecoderState, event: JsonObject, say: (text: string) => StreamEvent): Step {
  const text = asText(event.delta);
  if (text === undefined) return [state, []];
  return [markStreamed(state, placeOf(event), asText(event.type) ?? ''), [say(text)]];
}

function deltaText(state: DecoderState, event: JsonObject): Step {
  const logprobs = logprobsOf(asArray(event.logprobs));
  return delta(state, event, (text) => ({ type: 'text-delta', choice, text, ...(logprobs != null && { logprobs }) }));
}

/** An item may show its reasoning and a summary of it: the one that comes first is told. */
function deltaReasoning(state: DecoderState, event: JsonObject): Step {
  const told = state.streamed.get(placeOf(event));
  if (told !== undefined && told !== event.type) return [state, []];
  return delta(state, event, (text) => ({ type: 'reasoning-delta', choice, text }));
}

function addParagraph(state: DecoderState, event: JsonObject): Step {
  const isFurther = state.streamed.get(placeOf(event)) === 'response.reasoning_summary_text.delta';
  return [state, isFurther ? [{ type: 'reasoning-delta', choice, text: PARAGRAPH }] : []];
}

function addItem(state: DecoderState, event: JsonObject): Step {
  const item = asObject(event.item) ?? {};
  const place = placeOf(event);
  if (!isFunctionCall(item) || state.calls.has(place)) return [state, []];
  const index = state.calls.size;
  const head: StreamEvent = {
    type: 'tool-call-start',
    choice,
    index,
    id: asString(item.call_id) ?? '',
    name: asString(item.name) ?? '',
  };
  const [next, first] = argumentsOf(
    { ...state, calls: new Map(state.calls).set(place, index) },
    event,
    asText(item.arguments),
  );
  return [next, [head, ...first]];
}

function argumentsOf(state: DecoderState, event: JsonObject, text: string | undefined): Step {
  const place = placeOf(event);
  const index = state.calls.get(place);
  if (index === undefined || text === undefined) return [state, []];
  return [markStreamed(state, place, 'arguments'), [{ type: 'tool-call-delta', choice, index, arguments: text }]];
}

function endItem(state: DecoderState, event: JsonObject): Step {
  const item = asObject(event.item) ?? {};
  const place = placeOf(event);
  if (isFunctionCall(item)) return endCall(state, event, item);
  const wasStreamed = state.streamed.has(place);
  if (item.type === 'reasoning') return [state, endReasoning(item, wasStreamed)];
  return [
    isHostedCall(item) ? { ...state, hosted: [...state.hosted, item] } : state,
    decodeItem(item).flatMap((part): readonly StreamEvent[] => {
      if (part.type === 'opaque') return [{ type: 'opaque-part', choice, part }];
      if (part.type !== 'text') return [];
      const unsaid = !wasStreamed && part.text !== '';
      return [...(unsaid ? [{ type: 'text-delta', choice, text: part.text } as const] : []), ...sourcesOf(part)];
    }),
  ];
}

function sourcesOf({ extensions }: TextPart): readonly StreamEvent[] {
  const members = extensions?.[WIRE_ID]?.inert;
  return members === undefined ? [] : [{ type: 'members', choice, extensions: { [WIRE_ID]: members } }];
}

function endCall(state: DecoderState, event: JsonObject, item: JsonObject): Step {
  if (!state.calls.has(placeOf(event))) return addItem(state, event);
  return state.streamed.has(placeOf(event)) ? [state, []] : argumentsOf(state, event, asText(item.arguments));
}

function endReasoning(item: JsonObject, wasStreamed: boolean): readonly StreamEvent[] {
  const [part] = decodeItem(item);
  if (part?.type !== 'reasoning') return [];
  const sealed = sealOf(item);
  const text: readonly StreamEvent[] =
    wasStreamed || part.text === '' ? [] : [{ type: 'reasoning-delta', choice, text: part.text }];
  if (sealed === undefined) return text;
  return wasStreamed || part.text !== ''
    ? [...text, { type: 'reasoning-signature', choice, signature: sealed }]
    : [{ type: 'reasoning-redacted', choice, redacted: sealed }];
}

function end(state: DecoderState, event: JsonObject): Step {
  const response = asObject(event.response) ?? {};
  const [started, head] = start(state, event);
  const status = asText(response.status) ?? (asText(event.type) ?? '').replace('response.', '');
  const usage = readUsage(withHosted(response, state));
  return [
    { ...started, hasEnded: true },
    [
      ...head,
      { type: 'finish', choice, ...mapFinish(response, status, state.calls.size > 0) },
      ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
      { type: 'response-end' },
    ],
  ];
}

const withHosted = (response: JsonObject, { hosted }: DecoderState): JsonObject =>
  hosted.length === 0 || asArray(response.output).length > 0 ? response : { ...response, output: [...hosted] };

/** What was used until then is told too: it may be billed. */
function fail(state: DecoderState, holder: JsonObject): Step {
  const usage = readUsage(withHosted(holder, state));
  const used: readonly StreamEvent[] = usage === undefined ? [] : [{ type: 'usage', usage }];
  return [{ ...state, hasEnded: true }, [...used, { type: 'error', error: readFailure(holder) }]];
}
