/** Chunks of streamGenerateContent → canonical events. Each is an answer of its own with what came since the last; none marks the end. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { parseJson } from '#sidecar/json/body';
import { MALFORMED_EVENT } from '#sidecar/wires/malformed-event';
import { asCount, asObject, asObjects, asString, asText, without } from '#sidecar/wires/read-field';
import type { StreamDecoder } from '#sidecar/wires/wire';
import { inventId } from './call-id.ts';
import { decodeLogprobs } from './decode-logprobs.ts';
import { decodeMedia, READ_OF_CANDIDATE, readBlock, readCreated } from './decode-response.ts';
import { readQueries } from './hosted-tools.ts';
import { readStreamFailure } from './map-error.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { assembleArguments } from './partial-args.ts';
import { readUsage } from './read-usage.ts';
import { seal, WIRE_ID } from './seal.ts';

interface ChoiceState {
  readonly calls: number;
  /** It said why it ended. */
  readonly hasFinished: boolean;
  /** The pieces of the arguments of the last call, while more of them follow. */
  readonly openArguments: readonly JsonObject[] | undefined;
}

export interface DecoderState {
  readonly hasStarted: boolean;
  /** An error came; nothing after it counts. */
  readonly hasEnded: boolean;
  readonly responseId: string;
  readonly choices: ReadonlyMap<number, ChoiceState>;
  /** What the provider has searched the web for. */
  readonly queries: ReadonlySet<string>;
}

type Step = readonly [DecoderState, readonly StreamEvent[]];
type ChoiceStep = readonly [ChoiceState, readonly StreamEvent[]];

const NEW_CHOICE: ChoiceState = { calls: 0, hasFinished: false, openArguments: undefined };
/** The API's own limit is 8; a higher number is a fault. */
const MAX_CHOICES = 128;
/** More than any answer searches for. */
const MAX_QUERIES = 1_000;
const NO_QUERIES: ReadonlySet<string> = new Set();

export const streamDecoder: StreamDecoder<DecoderState> = {
  start: () => ({ hasStarted: false, hasEnded: false, responseId: '', choices: new Map(), queries: NO_QUERIES }),

  step(state, event) {
    if (state.hasEnded) return [state, []];
    const value = parseJson(event.data);
    const chunk = asObject(value);
    const failure = value === undefined ? MALFORMED_EVENT : readStreamFailure(value);
    if (failure !== undefined) return [{ ...state, hasEnded: true }, [{ type: 'error', error: failure }]];
    return chunk === undefined ? [state, []] : decodeChunk(state, chunk);
  },

  /** The answer is whole when every choice said why it ended. */
  end({ hasEnded, choices }) {
    const isWhole = !hasEnded && choices.size > 0 && [...choices.values()].every(({ hasFinished }) => hasFinished);
    return isWhole ? [{ type: 'response-end' }] : [];
  },
};

function decodeChunk(before: DecoderState, chunk: JsonObject): Step {
  const candidates = asObjects(chunk.candidates);
  const state = withQueries(before, candidates);
  const block = candidates.length === 0 ? readBlock(chunk) : undefined;
  const usage = readUsage(chunk, state.queries);
  const starts = !state.hasStarted && (candidates.length > 0 || block !== undefined);
  const events: StreamEvent[] = starts ? [responseStart(chunk)] : [];
  let next = starts ? { ...state, hasStarted: true, responseId: asString(chunk.responseId) ?? '' } : state;
  for (const candidate of candidates) {
    const [after, decoded] = decodeCandidate(next, candidate);
    next = after;
    events.push(...decoded);
  }
  if (block !== undefined && !next.choices.has(0)) {
    for (const part of block.parts)
      if (part.type === 'refusal') events.push({ type: 'refusal-delta', choice: 0, text: part.text });
    events.push({ type: 'finish', choice: 0, reason: 'content-filter', raw: block.reason });
    next = withChoice(next, 0, { ...NEW_CHOICE, hasFinished: true });
  }
  if (usage !== undefined) events.push({ type: 'usage', usage });
  return [next, events];
}

function withQueries(state: DecoderState, candidates: readonly JsonObject[]): DecoderState {
  const queries = readQueries(candidates);
  if (queries.length === 0 || state.queries.size >= MAX_QUERIES) return state;
  return { ...state, queries: new Set([...state.queries, ...queries]) };
}

function responseStart(chunk: JsonObject): StreamEvent {
  const created = readCreated(chunk);
  return {
    type: 'response-start',
    id: asString(chunk.responseId) ?? '',
    model: asString(chunk.modelVersion) ?? '',
    ...(created !== undefined && { created }),
  };
}

const withChoice = (state: DecoderState, choice: number, value: ChoiceState): DecoderState => ({
  ...state,
  choices: new Map(state.choices).set(choice, value),
});

function decodeCandidate(state: DecoderState, candidate: JsonObject): Step {
  const choice = asCount(candidate.index) ?? 0;
  if (choice >= MAX_CHOICES) return [state, []];
  const place = { choice, responseId: state.responseId };
  const before = state.choices.get(choice) ?? NEW_CHOICE;
  const parts = asObjects(asObject(candidate.content)?.parts);
  let [next, events]: ChoiceStep = [before, []];
  for (const part of parts) {
    const [after, decoded] = decodePart(next, part, place);
    next = after;
    events = [...events, ...decoded];
  }
  const members = without(candidate, READ_OF_CANDIDATE);
  if (Object.keys(members).length > 0)
    events = [...events, { type: 'members', choice, extensions: { [WIRE_ID]: members } }];
  const raw = asText(candidate.finishReason);
  if (raw !== undefined && !next.hasFinished) {
    const [closed, last] = closeCall(next, choice);
    next = { ...closed, hasFinished: true };
    events = [...events, ...last, { type: 'finish', choice, reason: mapFinishReason(raw, closed.calls > 0), raw }];
  }
  const isSame = next === before && state.choices.has(choice);
  return [isSame ? state : withChoice(state, choice, next), withLogprobs(events, candidate)];
}

/** They are those of all texts of the chunk; the first carries them. */
function withLogprobs(events: readonly StreamEvent[], candidate: JsonObject): readonly StreamEvent[] {
  const logprobs = decodeLogprobs(candidate.logprobsResult);
  const first = logprobs === undefined ? -1 : events.findIndex(({ type }) => type === 'text-delta');
  return events.map((event, index) =>
    index === first && event.type === 'text-delta' && logprobs !== undefined ? { ...event, logprobs } : event,
  );
}

interface Place {
  readonly choice: number;
  readonly responseId: string;
}

function decodePart(state: ChoiceState, part: JsonObject, place: Place): ChoiceStep {
  const call = asObject(part.functionCall);
  if (call !== undefined) return decodeCall(state, { call, signature: asText(part.thoughtSignature) }, place);
  const words = asString(part.text) === undefined ? [mediaEvent(part, place.choice)] : decodeText(part, place.choice);
  if (words.length === 0) return [state, []];
  const [closed, last] = closeCall(state, place.choice);
  return [closed, [...last, ...words]];
}

function mediaEvent(part: JsonObject, choice: number): StreamEvent {
  const media = decodeMedia(part);
  return media.type === 'image'
    ? { type: 'image', choice, image: media }
    : { type: 'opaque-part', choice, part: media };
}

/** A text's proof comes last, often with an empty text of its own. */
function decodeText(part: JsonObject, choice: number): StreamEvent[] {
  const text = asText(part.text);
  const signature = asString(part.text) === undefined ? undefined : asText(part.thoughtSignature);
  return [
    ...(text === undefined
      ? []
      : [{ type: part.thought === true ? 'reasoning-delta' : 'text-delta', choice, text } as const]),
    ...(signature === undefined ? [] : [{ type: 'reasoning-signature', choice, signature: seal(signature) } as const]),
  ];
}

interface CallPart {
  readonly call: JsonObject;
  readonly signature: string | undefined;
}

/** A call comes whole, or (where the client asked for it) begins with its name and goes on without one. */
function decodeCall(state: ChoiceState, { call, signature }: CallPart, place: Place): ChoiceStep {
  const name = asText(call.name);
  const pieces = asObjects(call.partialArgs);
  if (name === undefined && state.openArguments !== undefined) {
    const openArguments = [...state.openArguments, ...pieces];
    return call.willContinue === true
      ? [{ ...state, openArguments }, []]
      : closeCall({ ...state, openArguments }, place.choice);
  }
  const [closed, last] = closeCall(state, place.choice);
  const index = closed.calls;
  const start: StreamEvent = {
    type: 'tool-call-start',
    choice: place.choice,
    index,
    id: asText(call.id) ?? inventId({ ...place, index }),
    name: name ?? '',
    ...(signature !== undefined && { signature: seal(signature) }),
  };
  const next = { ...closed, calls: index + 1 };
  if (call.willContinue === true) return [{ ...next, openArguments: pieces }, [...last, start]];
  const text = pieces.length > 0 ? assembleArguments(pieces) : JSON.stringify(call.args ?? {});
  return [next, [...last, start, { type: 'tool-call-delta', choice: place.choice, index, arguments: text }]];
}

function closeCall(state: ChoiceState, choice: number): ChoiceStep {
  if (state.openArguments === undefined) return [state, []];
  const text = assembleArguments(state.openArguments);
  return [
    { ...state, openArguments: undefined },
    [{ type: 'tool-call-delta', choice, index: state.calls - 1, arguments: text }],
  ];
}
