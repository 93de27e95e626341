/**
 * OpenAI's legacy completions API, and that of the servers that imitate it. Its answers are those of Chat Completions with `text` in the place
 * of a message, and are read as such.
 */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { VerbatimRequest } from '#sidecar/canonical/verbatim-request';
import { isJsonObject, parseJson } from '#sidecar/json/body';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { sseFrames } from '#sidecar/stream/sse-frames';
import { decodeResponse } from '#sidecar/wires/openai-chat/decode-response';
import { type DecoderState, streamDecoder } from '#sidecar/wires/openai-chat/decode-stream';
import { mapError } from '#sidecar/wires/openai-chat/map-error';
import { asObject, asObjects } from '#sidecar/wires/read-field';
import type { PassthroughChanges, StreamDecoder, Wire } from '#sidecar/wires/wire';

export const openaiCompletionsWire = (name: string): Wire<DecoderState, 'text_completion'> => ({
  id: 'openai-completions',
  operation: 'text_completion',
  name,
  path: () => '/completions',
  encodeRequest,
  passthroughEdits,
  decodeResponse: (body) => decodeResponse({ ...body, choices: asChoices(body.choices, 'message') }),
  forwardedHeaders: [],
  framing: sseFrames,
  streamDecoder: completionDecoder(streamDecoder({})),
  mapError,
});

function encodeRequest({ body, maxOutputTokens }: VerbatimRequest, model: string): JsonObject {
  const changes = { model, ...(maxOutputTokens !== undefined && { maxOutputTokens }) };
  return { ...body, ...passthroughEdits(body, changes) };
}

/** Streams always ask for usage: metering needs it. */
const passthroughEdits = (
  body: JsonObject,
  { model, maxOutputTokens }: PassthroughChanges,
): Record<string, JsonValue> => ({
  model,
  ...(maxOutputTokens !== undefined && { max_tokens: maxOutputTokens }),
  ...(body.stream === true && { stream_options: { ...asObject(body.stream_options), include_usage: true } }),
});

const completionDecoder = (chat: StreamDecoder<DecoderState>): StreamDecoder<DecoderState> => ({
  ...chat,
  start: () => chat.start(),
  step: (state, event) => chat.step(state, asChatEvent(event)),
});

function asChatEvent(event: SseEvent): SseEvent {
  const chunk = parseJson(event.data);
  if (!isJsonObject(chunk) || !Array.isArray(chunk.choices)) return event;
  return { ...event, data: JSON.stringify({ ...chunk, choices: asChoices(chunk.choices, 'delta') }) };
}

/** Something that is no list of choices stays what it is, for the decoder to judge. */
const asChoices = (choices: JsonValue | undefined, key: 'message' | 'delta'): JsonValue | undefined =>
  Array.isArray(choices)
    ? asObjects(choices).map(({ text, ...choice }) => ({ ...choice, [key]: { content: text } }))
    : choices;
