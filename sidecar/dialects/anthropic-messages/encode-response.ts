/** Canonical answer → Messages answer. The API has one choice. */

import type { ChatResponse } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import type { EncodeContext } from '#sidecar/dialects/dialect';
import { isJsonObject } from '#sidecar/json/body';
import { API_ID } from './api-id.ts';
import { encodePart } from './encode-block.ts';
import { encodeUsage } from './encode-usage.ts';
import { encodeStop } from './stop-reason.ts';

export function encodeResponse(response: ChatResponse, context: EncodeContext): JsonObject {
  const [choice] = response.choices;
  const { usage: ownUsage, ...own } = response.extensions[API_ID] ?? {};
  const parts = choice?.parts ?? [];
  return {
    id: response.id,
    type: 'message',
    role: 'assistant',
    model: response.model === '' ? context.request.model : response.model,
    content: flatMapEach(omitsThinking(context) ? mapEach(parts, withoutText) : parts, encodePart),
    ...encodeStop(choice?.finishReason ?? 'other', choice?.rawFinishReason, own),
    usage: encodeUsage(response.usage, isJsonObject(ownUsage) ? ownUsage : {}, context.costUsd?.()),
  };
}

/** The client asked for thinking without its text (`thinking.display`), which other APIs cannot be asked for. */
export function omitsThinking({ request }: EncodeContext): boolean {
  const thinking = request.extensions[API_ID]?.restated.thinking;
  return isJsonObject(thinking) && thinking.display === 'omitted';
}

const withoutText = (part: Part): Part => (part.type === 'reasoning' ? { ...part, text: '' } : part);
