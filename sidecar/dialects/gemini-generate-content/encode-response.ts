/** Canonical answer → generateContent answer. */

import type { ChatResponse, Choice } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { ImagePart, Part } from '#sidecar/canonical/part';
import type { Sealed } from '#sidecar/canonical/sealed';
import { totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import { flatMapEach, mapEach, once } from '#sidecar/canonical/walk';
import type { EncodeContext } from '#sidecar/dialects/dialect';
import { isJsonObject } from '#sidecar/json/body';
import { parseNested } from '#sidecar/json/nested';
import { API_ID } from './api-id.ts';
import { encodeLogprobs } from './encode-logprobs.ts';
import { encodeFinish } from './finish.ts';
import { redactedText, signatureText } from './seal.ts';

export function encodeResponse(response: ChatResponse, { request }: EncodeContext): JsonObject {
  const own = response.extensions[API_ID];
  return {
    ...(!once(() => isBlockedPrompt(response)) && { candidates: mapEach(response.choices, encodeChoice) }),
    ...(response.usage !== undefined && { usageMetadata: encodeUsage(response.usage) }),
    modelVersion: response.model === '' ? request.model : response.model,
    responseId: response.id,
    ...own,
  };
}

/** The API says in another place why it blocked a prompt, and then has no candidate. */
const isBlockedPrompt = ({ choices, extensions }: ChatResponse): boolean =>
  isJsonObject(extensions[API_ID]?.promptFeedback) &&
  choices.every(({ finishReason, parts }) => finishReason === 'content-filter' && parts.every(isRefusal));

const isRefusal = ({ type }: Part): boolean => type === 'refusal';

const encodeChoice = ({ index, parts, finishReason, rawFinishReason, logprobs, extensions }: Choice): JsonObject => ({
  index,
  content: { role: 'model', parts: flatMapEach(parts, encodePart) },
  ...encodeFinish(finishReason, rawFinishReason),
  ...encodeLogprobs(logprobs),
  ...extensions?.[API_ID],
});

/** Input counts include what was read from a cache; those of candidates exclude thoughts. */
export function encodeUsage(usage: Usage): JsonObject {
  const prompt = totalInputTokens(usage);
  const output = totalOutputTokens(usage) - usage.reasoningTokens;
  return {
    promptTokenCount: prompt,
    ...byModality('promptTokensDetails', prompt, { AUDIO: usage.inputAudioTokens, IMAGE: usage.inputImageTokens }),
    candidatesTokenCount: output,
    ...byModality('candidatesTokensDetails', output, {
      AUDIO: usage.outputAudioTokens,
      IMAGE: usage.outputImageTokens,
    }),
    ...(usage.reasoningTokens > 0 && { thoughtsTokenCount: usage.reasoningTokens }),
    ...(usage.cacheReadTokens > 0 && { cachedContentTokenCount: usage.cacheReadTokens }),
    totalTokenCount: prompt + totalOutputTokens(usage),
  };
}

/** Only where there is more than text. */
function byModality(name: string, total: number, apart: { readonly [modality: string]: number }): JsonObject {
  const other = Object.entries(apart).filter(([, tokenCount]) => tokenCount > 0);
  if (other.length === 0) return {};
  const text = other.reduce((rest, [, tokenCount]) => rest - tokenCount, total);
  return { [name]: [['TEXT', text] as const, ...other].map(([modality, tokenCount]) => ({ modality, tokenCount })) };
}

function encodePart(part: Part): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [{ text: part.text }];
    case 'reasoning':
      return [encodeReasoning(part.text, part)];
    case 'tool-call':
      return [encodeCall(part)];
    case 'image':
      return [encodeImage(part)];
    case 'opaque':
      return part.api === API_ID ? [part.value] : [];
    default:
      return [];
  }
}

export const encodeImage = ({ source }: ImagePart): JsonObject =>
  source.kind === 'url'
    ? { fileData: { fileUri: source.url } }
    : { inlineData: { mimeType: source.mediaType, data: source.data } };

/** Its own proof without thoughts is that of the text before it, and comes as a part without words. */
export function encodeReasoning(
  text: string,
  { signature, redacted }: { readonly signature?: Sealed; readonly redacted?: Sealed },
): JsonObject {
  const isOfText = text === '' && signature?.by === API_ID;
  const sealed = redacted === undefined ? signature && signatureText(signature) : redactedText(redacted);
  return { text, ...(!isOfText && { thought: true }), ...(sealed !== undefined && { thoughtSignature: sealed }) };
}

export interface EncodableCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly signature?: Sealed;
}

/** The API has an object; a text that is none (the model wrote it so) is kept whole inside one. */
export function encodeCall(call: EncodableCall): JsonObject {
  const parsed = call.arguments === '' ? {} : parseNested(call.arguments);
  return {
    functionCall: {
      id: call.id,
      name: call.name,
      args: isJsonObject(parsed) ? parsed : { arguments: call.arguments },
    },
    ...(call.signature !== undefined && { thoughtSignature: signatureText(call.signature) }),
  };
}
