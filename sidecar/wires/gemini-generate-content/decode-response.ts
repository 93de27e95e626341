/** generateContent answer → canonical answer. */

import type { ChatResponse, Choice } from '#sidecar/canonical/chat-response';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ImagePart, OpaquePart, Part } from '#sidecar/canonical/part';
import { foldEach, mapEach, once } from '#sidecar/canonical/walk';
import { RemoraError } from '#sidecar/errors/remora-error';
import { stringifyNested } from '#sidecar/json/nested';
import { asCount, asObject, asObjects, asString, asText, without } from '#sidecar/wires/read-field';
import { inventId } from './call-id.ts';
import { decodeLogprobs } from './decode-logprobs.ts';
import { readQueries } from './hosted-tools.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { readUsage } from './read-usage.ts';
import { seal, WIRE_ID } from './seal.ts';

const READ = new Set(['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime']);
export const READ_OF_CANDIDATE = new Set(['content', 'finishReason', 'index', 'logprobsResult']);

/** Throws `bad_upstream_response` when it has neither candidates nor a reason why the prompt was blocked. */
export function decodeResponse(body: JsonObject): ChatResponse {
  const usage = readUsage(body, readQueries(asObjects(body.candidates)));
  const responseId = asString(body.responseId) ?? '';
  const created = readCreated(body);
  const rest = without(body, READ);
  return {
    id: responseId,
    model: asString(body.modelVersion) ?? '',
    ...(created !== undefined && { created }),
    choices: decodeChoices(body, responseId),
    ...(usage !== undefined && { usage }),
    extensions: Object.keys(rest).length > 0 ? { [WIRE_ID]: rest } : {},
  };
}

/** Unix seconds, where the service says when it began. */
export function readCreated({ createTime }: JsonObject): number | undefined {
  const ms = Date.parse(asString(createTime) ?? '');
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

function decodeChoices(body: JsonObject, responseId: string): readonly Choice[] {
  const candidates = asObjects(body.candidates);
  if (candidates.length > 0)
    return mapEach(candidates, (candidate, index) => decodeChoice(candidate, responseId, index));
  const block = readBlock(body);
  if (block !== undefined)
    return [{ index: 0, parts: block.parts, finishReason: 'content-filter', rawFinishReason: block.reason }];
  throw new RemoraError({
    code: 'bad_upstream_response',
    message: 'The provider answered JSON without candidates. Check the endpoint and type of the AIProvider.',
  });
}

/** Why the prompt was blocked: then there is no candidate that could say it. */
export function readBlock(body: JsonObject): { readonly reason: string; readonly parts: readonly Part[] } | undefined {
  const feedback = asObject(body.promptFeedback);
  const reason = asText(feedback?.blockReason);
  const text = asText(feedback?.blockReasonMessage);
  if (reason === undefined) return undefined;
  return { reason, parts: text === undefined ? [] : [{ type: 'refusal', text }] };
}

function decodeChoice(candidate: JsonObject, responseId: string, position: number): Choice {
  const index = asCount(candidate.index) ?? position;
  const parts = decodeParts(asObject(candidate.content)?.parts, responseId, index);
  const raw = asText(candidate.finishReason);
  const logprobs = decodeLogprobs(candidate.logprobsResult);
  const rest = without(candidate, READ_OF_CANDIDATE);
  return {
    index,
    parts,
    finishReason:
      raw === undefined
        ? 'other'
        : mapFinishReason(
            raw,
            once(() => parts.some(({ type }) => type === 'tool-call')),
          ),
    ...(raw !== undefined && { rawFinishReason: raw }),
    ...(logprobs !== undefined && { logprobs }),
    ...(Object.keys(rest).length > 0 && { extensions: { [WIRE_ID]: rest } }),
  };
}

function decodeParts(value: JsonValue | undefined, responseId: string, choice: number): readonly Part[] {
  const start = (): { parts: Part[]; calls: number } => ({ parts: [], calls: 0 });
  return foldEach(asObjects(value), start, (walk, part) => {
    const call = asObject(part.functionCall);
    if (call === undefined) walk.parts.push(...decodePart(part));
    else {
      walk.parts.push(decodeCall(part, call, { responseId, choice, index: walk.calls }));
      walk.calls += 1;
    }
  }).parts;
}

const decodeCall = (part: JsonObject, call: JsonObject, place: Parameters<typeof inventId>[0]): Part => ({
  type: 'tool-call',
  id: asText(call.id) ?? inventId(place),
  name: asString(call.name) ?? '',
  arguments: stringifyNested(call.args ?? {}),
  ...signatureOf(part),
});

const signatureOf = (part: JsonObject) => {
  const signature = asText(part.thoughtSignature);
  return signature === undefined ? {} : { signature: seal(signature) };
};

/** A picture; the proof that some models put on one keeps the part whole, since the API wants it back where it stood. */
export function decodeMedia(part: JsonObject): ImagePart | OpaquePart {
  const blob = asObject(part.inlineData);
  const mediaType = asText(blob?.mimeType);
  const data = asText(blob?.data);
  const isPlain = Object.keys(part).length === 1 && mediaType?.startsWith('image/') === true;
  return isPlain && data !== undefined
    ? { type: 'image', source: { kind: 'base64', mediaType, data } }
    : { type: 'opaque', api: WIRE_ID, value: part };
}

/** The proof of a text stands behind it as reasoning without words. Kinds that this API alone knows stay as they are. */
function decodePart(part: JsonObject): Part[] {
  const text = asString(part.text);
  if (text === undefined) return [decodeMedia(part)];
  const proof = signatureOf(part);
  if (part.thought === true)
    return text === '' && !('signature' in proof) ? [] : [{ type: 'reasoning', text, ...proof }];
  return [
    ...(text === '' ? [] : [{ type: 'text', text } as const]),
    ...('signature' in proof ? [{ type: 'reasoning', text: '', ...proof } as const] : []),
  ];
}
