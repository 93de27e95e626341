/** Chat Completions chunks → canonical events. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { parseJson } from '#sidecar/json/body';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { MALFORMED_EVENT } from '#sidecar/wires/malformed-event';
import { asCount, asObject, asObjects, asString, asText } from '#sidecar/wires/read-field';
import type { StreamDecoder } from '#sidecar/wires/wire';
import {
  decodeContent,
  extensionsOf,
  fallbackCallId,
  imagesOf,
  NO_EXTENSIONS,
  readArguments,
} from './decode-response.ts';
import { readStreamFailure } from './map-error.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { readUsage } from './read-usage.ts';
import { closeDetail, type OpenDetail, stepDetails } from './reasoning-details.ts';
import type { WireOptions } from './wire-options.ts';

interface OpenCall {
  /** The number by which the provider tells this call's deltas. */
  readonly upstreamIndex: number;
  readonly id: string;
}

export interface DecoderState {
  readonly hasStarted: boolean;
  /** `[DONE]` or an error came; nothing after it counts. */
  readonly hasEnded: boolean;
  /** The tool calls of each choice, in order: their place is the canonical index. */
  readonly calls: readonly (readonly OpenCall[] | undefined)[];
  /** How many choices there are, by the highest number seen, and which of them have said why they ended. */
  readonly choices: number;
  readonly finished: ReadonlySet<number>;
  /** Blocks of reasoning whose proof has not come yet, by choice; absent where the server has none. */
  readonly details?: readonly (OpenDetail | undefined)[];
}

/** The API's own limit; a higher number is a fault, and must not size an array. */
const MAX_CHOICES = 128;

type Field = JsonValue | undefined;
type Step = readonly [DecoderState, readonly StreamEvent[]];

const START: DecoderState = { hasStarted: false, hasEnded: false, calls: [], choices: 0, finished: new Set() };

type DecoderOptions = Pick<WireOptions, 'reasoningFormats'>;

export const streamDecoder = ({ reasoningFormats }: DecoderOptions): StreamDecoder<DecoderState> => ({
  start: () => (reasoningFormats !== undefined ? { ...START, details: [] } : START),

  step(state, event) {
    if (state.hasEnded) return [state, []];
    if (event.data === '[DONE]') return [{ ...state, hasEnded: true }, [{ type: 'response-end' }]];
    return stepChunk(state, event);
  },

  end: endUnmarked,
});

/** Some servers, and proxies before any, close properly without `[DONE]`: the answer is whole when every choice said why it ended. */
function endUnmarked({ hasEnded, choices, finished }: DecoderState): readonly StreamEvent[] {
  return !hasEnded && choices > 0 && finished.size === choices ? [{ type: 'response-end' }] : [];
}

function stepChunk(state: DecoderState, event: SseEvent): Step {
  const value = parseJson(event.data);
  const chunk = asObject(value);
  const failure = value === undefined ? MALFORMED_EVENT : chunk && readStreamFailure(chunk, event.event);
  if (failure !== undefined) return [{ ...state, hasEnded: true }, [{ type: 'error', error: failure }]];
  return chunk === undefined ? [state, []] : decodeChunk(state, chunk);
}

function decodeChunk(state: DecoderState, chunk: JsonObject): Step {
  const choices = asObjects(chunk.choices);
  const usage = readUsage(chunk);
  // Azure sends its prompt filter first, in a chunk without id and choices.
  const starts = !state.hasStarted && (asText(chunk.id) !== undefined || choices.length > 0);
  const [only] = choices;
  // Nearly every chunk of a stream.
  if (only !== undefined && choices.length === 1 && usage === undefined && !starts) return decodeChoice(state, only);
  const events: StreamEvent[] = starts ? [responseStart(chunk)] : [];
  let next = starts ? { ...state, hasStarted: true } : state;
  for (const choice of choices) {
    const [after, decoded] = decodeChoice(next, choice);
    next = after;
    events.push(...decoded);
  }
  if (usage !== undefined) events.push({ type: 'usage', usage });
  return [next, events];
}

function responseStart(chunk: JsonObject): StreamEvent {
  const created = asCount(chunk.created);
  const head = { type: 'response-start', id: asString(chunk.id) ?? '', model: asString(chunk.model) ?? '' } as const;
  return created === undefined || created === 0 ? head : { ...head, created };
}

function decodeChoice(state: DecoderState, wire: JsonObject): Step {
  const choice = asCount(wire.index) ?? 0;
  if (choice >= MAX_CHOICES) return [state, []];
  const delta = asObject(wire.delta) ?? {};
  const events = decodeDelta(choice, delta, wire.logprobs);
  const called = delta.tool_calls == null ? state : decodeCalls(state, { choice, delta, events });
  const raw = asText(wire.finish_reason);
  if (raw !== undefined) events.push({ type: 'finish', choice, reason: mapFinishReason(raw), raw });
  const [detailed, ordered] = withDetails(called, { choice, delta, events });
  return [noteChoice(detailed, choice, raw !== undefined), ordered];
}

interface DecodedDelta {
  readonly choice: number;
  readonly delta: JsonObject;
  readonly events: StreamEvent[];
}

/** Where a server gives reasoning in blocks: those before whatever else the delta says, each with its proof at its end. */
function withDetails(state: DecoderState, { choice, delta, events }: DecodedDelta): Step {
  if (state.details === undefined) return [state, events];
  const [open, steps] = stepDetails(state.details[choice], choice, delta);
  // The plain text says the same again.
  const others = steps.length > 0 ? events.filter(({ type }) => type !== 'reasoning-delta') : events;
  const isOver = others.some(({ type }) => type !== 'reasoning-delta');
  const details = [...state.details];
  details[choice] = isOver ? undefined : open;
  return [{ ...state, details }, [...steps, ...(isOver ? closeDetail(open, choice) : []), ...others]];
}

function noteChoice(state: DecoderState, choice: number, isFinished: boolean): DecoderState {
  const choices = Math.max(state.choices, choice + 1);
  if (isFinished) return { ...state, choices, finished: new Set(state.finished).add(choice) };
  return choices === state.choices ? state : { ...state, choices };
}

function decodeDelta(choice: number, delta: JsonObject, logprobs: Field): StreamEvent[] {
  const reasoning = asText(delta.reasoning_content) ?? asText(delta.reasoning);
  const refusal = asText(delta.refusal);
  const events = decodeText(choice, delta.content, logprobs);
  if (reasoning !== undefined) events.unshift({ type: 'reasoning-delta', choice, text: reasoning });
  if (refusal !== undefined) events.push({ type: 'refusal-delta', choice, text: refusal });
  for (const image of imagesOf(delta)) events.push({ type: 'image', choice, image });
  const extensions = extensionsOf(delta);
  if (extensions !== NO_EXTENSIONS) events.push({ type: 'members', choice, extensions });
  return events;
}

function decodeText(choice: number, content: Field, logprobs: Field): StreamEvent[] {
  const text = asText(content);
  if (text !== undefined) return [textDelta(choice, text, logprobs)];
  return decodeContent(content).flatMap((part): StreamEvent[] => {
    if (part.type === 'text') return [textDelta(choice, part.text, logprobs)];
    return part.type === 'reasoning' ? [{ type: 'reasoning-delta', choice, text: part.text }] : [];
  });
}

const textDelta = (choice: number, text: string, logprobs: Field): StreamEvent =>
  logprobs == null ? { type: 'text-delta', choice, text } : { type: 'text-delta', choice, text, logprobs };

/** Adds what the delta says of calls. */
function decodeCalls(state: DecoderState, { choice, delta, events }: DecodedDelta): DecoderState {
  const calls = [...(state.calls[choice] ?? [])];
  for (const part of asObjects(delta.tool_calls)) {
    const called = asObject(part.function) ?? {};
    let index = findCall(calls, part, called);
    if (index === -1) {
      index = calls.length;
      const id = asText(part.id) ?? fallbackCallId(index);
      calls.push({ upstreamIndex: asCount(part.index) ?? -1, id });
      events.push({ type: 'tool-call-start', choice, index, id, name: asString(called.name) ?? '' });
    }
    const text = readArguments(called.arguments);
    if (text !== '') events.push({ type: 'tool-call-delta', choice, index, arguments: text });
  }
  const all = [...state.calls];
  all[choice] = calls;
  return { ...state, calls: all };
}

/**
 * Where the call of a delta stands, -1 for a new one. The number decides; but some servers number every call 0 and tell them apart by
 * id, and some (Mistral) give whole calls without a number.
 */
function findCall(calls: readonly OpenCall[], delta: JsonObject, called: JsonObject): number {
  const id = asText(delta.id);
  if (id !== undefined && asText(called.name) !== undefined) return calls.findLastIndex((call) => call.id === id);
  const upstreamIndex = asCount(delta.index);
  if (upstreamIndex === undefined)
    return id === undefined ? calls.length - 1 : calls.findIndex((call) => call.id === id);
  return calls.findLastIndex((call) => call.upstreamIndex === upstreamIndex);
}
