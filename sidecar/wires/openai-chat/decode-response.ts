/** Chat Completions answer → canonical answer. */

import type { ChatResponse, Choice } from '#sidecar/canonical/chat-response';
import type { ApiMembers } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ImagePart, Part } from '#sidecar/canonical/part';
import { filterEach, flatMapEach, mapEach, once } from '#sidecar/canonical/walk';
import { RemoraError } from '#sidecar/errors/remora-error';
import { stringifyNested } from '#sidecar/json/nested';
import { AnswerFailed } from '#sidecar/wires/answer-failed';
import { asCount, asObject, asObjects, asString, asText, without } from '#sidecar/wires/read-field';
import { readStreamFailure } from './map-error.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { readUsage } from './read-usage.ts';
import { decodeDetails } from './reasoning-details.ts';
import type { WireOptions } from './wire-options.ts';

type DetailsOption = Pick<WireOptions, 'reasoningFormats'>;

const READ = new Set(['id', 'object', 'created', 'model', 'choices', 'usage']);
const READ_OF_MESSAGE = new Set([
  'role',
  'content',
  'refusal',
  'tool_calls',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
]);

/** Throws AnswerFailed when the body reports an error under a status of success, `bad_upstream_response` when there are no choices. */
export function decodeResponse(body: JsonObject, options: DetailsOption = {}): ChatResponse {
  // The whole answer, or (OpenRouter) the provider behind it after some of the text.
  const [failure] = flatMapEach([body, ...asObjects(body.choices)], (part) => {
    const told = readStreamFailure(part, '');
    return told === undefined ? [] : [told];
  });
  if (failure !== undefined) throw new AnswerFailed(failure);
  if (!Array.isArray(body.choices))
    throw new RemoraError({
      code: 'bad_upstream_response',
      message: 'The provider answered JSON that is no chat completion. Check the endpoint and type of the AIProvider.',
    });
  const usage = readUsage(body);
  const created = asCount(body.created);
  const rest = without(body, READ);
  return {
    id: asString(body.id) ?? '',
    model: asString(body.model) ?? '',
    ...(created !== undefined && { created }),
    choices: mapEach(asObjects(body.choices), (choice, index) => decodeChoice(choice, index, options)),
    ...(usage !== undefined && { usage }),
    extensions: Object.keys(rest).length > 0 ? { 'openai-chat': rest } : {},
  };
}

function decodeChoice(choice: JsonObject, position: number, options: DetailsOption): Choice {
  const message = asObject(choice.message) ?? {};
  const raw = asText(choice.finish_reason);
  const extensions = extensionsOf(message);
  return {
    index: asCount(choice.index) ?? position,
    parts: decodeParts(message, options),
    finishReason: raw === undefined ? 'other' : mapFinishReason(raw),
    ...(raw !== undefined && { rawFinishReason: raw }),
    ...(choice.logprobs != null && { logprobs: choice.logprobs }),
    ...(extensions !== NO_EXTENSIONS && { extensions }),
  };
}

function decodeParts(message: JsonObject, { reasoningFormats }: DetailsOption): readonly Part[] {
  const details = reasoningFormats !== undefined ? decodeDetails(message) : [];
  const reasoning = asText(message.reasoning_content) ?? asText(message.reasoning);
  const refusal = asText(message.refusal);
  return [
    ...details,
    ...(reasoning === undefined || details.length > 0 ? [] : [{ type: 'reasoning', text: reasoning } as const]),
    ...decodeContent(message.content),
    ...(refusal === undefined ? [] : [{ type: 'refusal', text: refusal } as const]),
    ...imagesOf(message),
    ...mapEach(asObjects(message.tool_calls), decodeCall),
  ];
}

/** What has no canonical form: of a message or a delta, and of its content. */
export function extensionsOf(message: JsonObject): ApiMembers {
  const members = membersOf(message);
  const unread = unreadContent(message.content);
  return members === undefined ? unread : { ...unread, 'openai-chat': members };
}

/** Members of a message or a delta that have no canonical form; undefined: none. */
function membersOf(message: JsonObject): JsonObject | undefined {
  let members: JsonObject | undefined;
  for (const key in message) {
    if (READ_OF_MESSAGE.has(key) || message[key] == null || (key === 'images' && imagesOf(message).length > 0))
      continue;
    members ??= {};
    members[key] = message[key];
  }
  return members;
}

const DATA_URL = /^data:(image\/[\w.+-]+);base64,/;

/** Pictures that the model made, as OpenRouter gives them: each within the answer, or none that anybody else could show. */
export function imagesOf({ images }: JsonObject): readonly ImagePart[] {
  if (images === undefined) return [];
  const found = mapEach(asObjects(images), (image) => {
    const url = asText(asObject(image.image_url)?.url) ?? '';
    const [start = '', mediaType] = DATA_URL.exec(url) ?? [];
    return mediaType === undefined ? undefined : { mediaType, data: url.slice(start.length) };
  });
  if (once(() => found.includes(undefined))) return [];
  return flatMapEach(found, (image) =>
    image === undefined ? [] : [{ type: 'image', source: { kind: 'base64', ...image } }],
  );
}

export const NO_EXTENSIONS: ApiMembers = {};
const READ_CONTENT = new Set(['text', 'thinking']);

/** Parts of content of other kinds, such as Mistral's references, under names that are no client's: Chat Completions answers have no such parts. */
function unreadContent(content: JsonValue | undefined): ApiMembers {
  if (!Array.isArray(content)) return NO_EXTENSIONS;
  const parts = filterEach(asObjects(content), ({ type }) => !READ_CONTENT.has(asString(type) ?? ''));
  return parts.length === 0
    ? NO_EXTENSIONS
    : {
        'openai-chat-content': once(() =>
          Object.fromEntries(parts.map((part) => [asString(part.type) ?? 'part', part])),
        ),
      };
}

/** A string, or (Mistral's reasoning models) parts of text and thinking. */
export function decodeContent(content: JsonValue | undefined): readonly Part[] {
  const text = asText(content);
  if (text !== undefined) return [{ type: 'text', text }];
  return flatMapEach(asObjects(content), (part): Part[] => {
    if (part.type === 'thinking')
      return mapEach(asObjects(part.thinking), (inner) => ({ type: 'reasoning', text: asString(inner.text) ?? '' }));
    return part.type === 'text' ? [{ type: 'text', text: asString(part.text) ?? '' }] : [];
  });
}

function decodeCall(call: JsonObject, index: number): Part {
  const called = asObject(call.function);
  if (called === undefined) return { type: 'opaque', api: 'openai-chat', value: call };
  return {
    type: 'tool-call',
    id: asText(call.id) ?? fallbackCallId(index),
    name: asString(called.name) ?? '',
    arguments: readArguments(called.arguments),
  };
}

/** Some servers give calls no id, but the tool's result has to name one. */
export const fallbackCallId = (index: number): string => `call_${index}`;

/** JSON text; some servers send the object itself. */
export const readArguments = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : value == null ? '' : stringifyNested(value);
