/** Converse answer → canonical answer. The API names neither the answer nor the model. */

import type { ChatResponse } from '#sidecar/canonical/chat-response';
import type { ApiExtension } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import { RemoraError } from '#sidecar/errors/remora-error';
import { stringifyNested } from '#sidecar/json/nested';
import { asObject, asObjects, asString, asText, without } from '#sidecar/wires/read-field';
import { mapFinishReason } from './map-finish-reason.ts';
import { readUsage } from './read-usage.ts';
import { seal, WIRE_ID } from './seal.ts';

const READ = new Set(['output', 'stopReason', 'usage']);

/** Throws `bad_upstream_response` when it holds no message. */
export function decodeResponse(body: JsonObject): ChatResponse {
  const message = asObject(asObject(body.output)?.message);
  if (!Array.isArray(message?.content))
    throw new RemoraError({
      code: 'bad_upstream_response',
      message: 'The provider answered JSON that holds no message. Check the endpoint and type of the AIProvider.',
    });
  const usage = readUsage(body);
  const raw = asText(body.stopReason);
  return {
    id: '',
    model: '',
    choices: [
      {
        index: 0,
        parts: flatMapEach(asObjects(message.content), decodeBlock),
        finishReason: raw === undefined ? 'other' : mapFinishReason(raw),
        ...(raw !== undefined && { rawFinishReason: raw }),
      },
    ],
    ...(usage !== undefined && { usage }),
    extensions: { [WIRE_ID]: without(body, READ) },
  };
}

/** Each block has one member that says what it is; kinds that have no canonical form stay as they are. */
function decodeBlock(block: JsonObject): Part[] {
  if (typeof block.text === 'string') return [{ type: 'text', text: block.text }];
  const call = asObject(block.toolUse);
  if (call !== undefined) return [decodeToolUse(call)];
  const reasoning = asObject(block.reasoningContent);
  if (reasoning !== undefined) return decodeReasoning(reasoning);
  const cited = asObject(block.citationsContent);
  return cited === undefined ? [{ type: 'opaque', api: WIRE_ID, value: block }] : decodeCited(cited);
}

/** Text with its sources, which stay with the first of it. */
function decodeCited({ content, citations }: JsonObject): Part[] {
  const own: ApiExtension = { essential: {}, inert: { citations }, restated: {} };
  const parts = flatMapEach(asObjects(content), decodeBlock);
  return mapEach(parts, (part, index) =>
    part.type === 'text' && index === 0 && asObjects(citations).length > 0
      ? { ...part, extensions: { [WIRE_ID]: own } }
      : part,
  );
}

const decodeToolUse = (call: JsonObject): Part => ({
  type: 'tool-call',
  id: asString(call.toolUseId) ?? '',
  name: asString(call.name) ?? '',
  arguments: stringifyNested(call.input ?? {}),
});

function decodeReasoning(reasoning: JsonObject): Part[] {
  const redacted = asText(reasoning.redactedContent);
  if (redacted !== undefined) return [{ type: 'reasoning', text: '', redacted: seal(redacted) }];
  const said = asObject(reasoning.reasoningText);
  if (said === undefined) return [];
  const signature = asText(said.signature);
  const text = asString(said.text) ?? '';
  return [{ type: 'reasoning', text, ...(signature !== undefined && { signature: seal(signature) }) }];
}
