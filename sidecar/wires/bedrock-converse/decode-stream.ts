/** ConverseStream frames → canonical events. Kinds that are not known say nothing. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { parseJson } from '#sidecar/json/body';
import { ERROR, EXCEPTION } from '#sidecar/stream/aws-event-stream';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { MALFORMED_EVENT } from '#sidecar/wires/malformed-event';
import { asCount, asObject, asString, asText } from '#sidecar/wires/read-field';
import type { StreamDecoder } from '#sidecar/wires/wire';
import { readStreamFailure } from './map-error.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { readUsage } from './read-usage.ts';
import { seal, WIRE_ID } from './seal.ts';

/** A content block that is a tool call. */
interface OpenCall {
  readonly index: number;
  /** No argument has come yet. */
  readonly isSilent: boolean;
}

export interface DecoderState {
  readonly hasStarted: boolean;
  /** `messageStop` came. */
  readonly hasStopped: boolean;
  /** `metadata` came, which is documented to be the last. */
  readonly hasMetadata: boolean;
  /** An error came; nothing after it counts. */
  readonly hasFailed: boolean;
  /** By content block. */
  readonly openCalls: ReadonlyMap<number, OpenCall>;
  readonly calls: number;
}

type Step = readonly [DecoderState, readonly StreamEvent[]];
type Handler = (state: DecoderState, event: JsonObject) => Step;

/** The API answers with one choice. */
const choice = 0;
/** The API names neither the answer nor the model. */
const START: StreamEvent = { type: 'response-start', id: '', model: '' };
const END: StreamEvent = { type: 'response-end' };

const HANDLERS: Readonly<Record<string, Handler>> = {
  messageStart: (state) => [state, []],
  contentBlockStart: startBlock,
  contentBlockDelta: deltaBlock,
  contentBlockStop: stopBlock,
  messageStop: stopMessage,
  metadata: readMetadata,
};

export const streamDecoder: StreamDecoder<DecoderState> = {
  start: () => ({
    hasStarted: false,
    hasStopped: false,
    hasMetadata: false,
    hasFailed: false,
    openCalls: new Map(),
    calls: 0,
  }),

  step(state, event) {
    if (state.hasFailed || isOver(state)) return [state, []];
    const failed = readFailure(event);
    if (failed !== undefined) return [{ ...state, hasFailed: true }, [failed]];
    const handler = Object.hasOwn(HANDLERS, event.event) ? HANDLERS[event.event] : undefined;
    // After the stop only the metadata says anything.
    if (handler === undefined || (state.hasStopped && handler !== readMetadata)) return [state, []];
    const [next, events] = handler({ ...state, hasStarted: true }, asObject(parseJson(event.data)) ?? {});
    const opened = state.hasStarted ? events : [START, ...events];
    return [next, isOver(next) ? [...opened, END] : opened];
  },

  /** A body may end without its metadata: the answer is whole then, and its usage unknown. */
  end: (state) => (state.hasStopped && !state.hasFailed && !isOver(state) ? [END] : []),
};

const isOver = ({ hasStopped, hasMetadata }: DecoderState): boolean => hasStopped && hasMetadata;

function readFailure({ event, data }: SseEvent): StreamEvent | undefined {
  const payload = parseJson(data);
  for (const kind of [EXCEPTION, ERROR])
    if (event.startsWith(kind)) return { type: 'error', error: readStreamFailure(event.slice(kind.length), payload) };
  return payload === undefined ? { type: 'error', error: MALFORMED_EVENT } : undefined;
}

/** Only a tool call has a start that says something. */
function startBlock(state: DecoderState, event: JsonObject): Step {
  const call = asObject(asObject(event.start)?.toolUse);
  if (call === undefined) return [state, []];
  const index = state.calls;
  const openCalls = new Map(state.openCalls).set(blockOf(event), { index, isSilent: true });
  const id = asString(call.toolUseId) ?? '';
  const name = asString(call.name) ?? '';
  return [{ ...state, openCalls, calls: index + 1 }, [{ type: 'tool-call-start', choice, index, id, name }]];
}

const blockOf = (event: JsonObject): number => asCount(event.contentBlockIndex) ?? 0;

function deltaBlock(state: DecoderState, event: JsonObject): Step {
  const delta = asObject(event.delta) ?? {};
  const input = asObject(delta.toolUse);
  if (input !== undefined) return deltaCall(state, blockOf(event), asText(input.input));
  const text = asText(delta.text);
  if (text !== undefined) return [state, [{ type: 'text-delta', choice, text }]];
  const reasoning = asObject(delta.reasoningContent);
  return [state, reasoning === undefined ? decodeOwn(delta) : decodeReasoning(reasoning)];
}

/** Sources, and kinds that this build does not know. */
const decodeOwn = ({ toolUse: _, text: __, ...own }: JsonObject): readonly StreamEvent[] =>
  Object.keys(own).length === 0 ? [] : [{ type: 'members', choice, extensions: { [WIRE_ID]: own } }];

function deltaCall(state: DecoderState, block: number, text: string | undefined): Step {
  const call = state.openCalls.get(block);
  if (call === undefined || text === undefined) return [state, []];
  const spoken = call.isSilent
    ? { ...state, openCalls: new Map(state.openCalls).set(block, { ...call, isSilent: false }) }
    : state;
  return [spoken, [{ type: 'tool-call-delta', choice, index: call.index, arguments: text }]];
}

function decodeReasoning(delta: JsonObject): readonly StreamEvent[] {
  const text = asText(delta.text);
  if (text !== undefined) return [{ type: 'reasoning-delta', choice, text }];
  const signature = asText(delta.signature);
  if (signature !== undefined) return [{ type: 'reasoning-signature', choice, signature: seal(signature) }];
  const redacted = asText(delta.redactedContent);
  return redacted === undefined ? [] : [{ type: 'reasoning-redacted', choice, redacted: seal(redacted) }];
}

/** A call without arguments streams none at all, or an empty text; clients expect JSON. */
function stopBlock(state: DecoderState, event: JsonObject): Step {
  const block = blockOf(event);
  const call = state.openCalls.get(block);
  if (call === undefined) return [state, []];
  const openCalls = new Map(state.openCalls);
  openCalls.delete(block);
  const silent: StreamEvent = { type: 'tool-call-delta', choice, index: call.index, arguments: '{}' };
  return [{ ...state, openCalls }, call.isSilent ? [silent] : []];
}

function stopMessage(state: DecoderState, event: JsonObject): Step {
  const raw = asText(event.stopReason);
  const reason = raw === undefined ? 'other' : mapFinishReason(raw);
  return [{ ...state, hasStopped: true }, [{ type: 'finish', choice, reason, ...(raw !== undefined && { raw }) }]];
}

function readMetadata(state: DecoderState, event: JsonObject): Step {
  const usage = readUsage(event);
  return [{ ...state, hasMetadata: true }, usage === undefined ? [] : [{ type: 'usage', usage }]];
}
