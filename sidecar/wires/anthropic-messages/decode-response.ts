/** Messages answer → canonical answer. What other APIs have no word for, such as blocks of tools that the provider runs itself, is kept verbatim. */

import type { ChatResponse } from '#sidecar/canonical/chat-response';
import type { Extensions } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { flatMapEach } from '#sidecar/canonical/walk';
import { RemoraError } from '#sidecar/errors/remora-error';
import { stringifyNested } from '#sidecar/json/nested';
import { asObjects, asString, asText, without } from '#sidecar/wires/read-field';
import { mapFinishReason } from './map-finish-reason.ts';
import { rawUsage, readUsage, withoutCounts } from './read-usage.ts';
import { seal, WIRE_ID } from './seal.ts';

const READ = new Set(['id', 'type', 'role', 'model', 'content', 'stop_reason', 'usage']);
const READ_OF_TEXT = new Set(['type', 'text']);
const READ_OF_CALL = new Set(['type', 'id', 'name', 'input']);

/** Throws `bad_upstream_response` when it is no message. */
export function decodeResponse(body: JsonObject): ChatResponse {
  if (!Array.isArray(body.content))
    throw new RemoraError({
      code: 'bad_upstream_response',
      message: 'The provider answered JSON that is no message. Check the endpoint and type of the AIProvider.',
    });
  const usage = readUsage(body);
  const raw = asText(body.stop_reason);
  return {
    id: asString(body.id) ?? '',
    model: asString(body.model) ?? '',
    choices: [
      {
        index: 0,
        parts: flatMapEach(asObjects(body.content), decodeBlock),
        finishReason: raw === undefined ? 'other' : mapFinishReason(raw),
        ...(raw !== undefined && { rawFinishReason: raw }),
      },
    ],
    ...(usage !== undefined && { usage }),
    extensions: { [WIRE_ID]: { ...without(body, READ), ...uncountedUsage(body) } },
  };
}

function decodeBlock(block: JsonObject): Part[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: asString(block.text) ?? '', ...kept(without(block, READ_OF_TEXT)) }];
    case 'thinking': {
      const signature = asText(block.signature);
      const text = asString(block.thinking) ?? '';
      return [{ type: 'reasoning', text, ...(signature !== undefined && { signature: seal(signature) }) }];
    }
    case 'redacted_thinking':
      return [{ type: 'reasoning', text: '', redacted: seal(asString(block.data) ?? '') }];
    case 'tool_use':
      return [
        {
          type: 'tool-call',
          id: asString(block.id) ?? '',
          name: asString(block.name) ?? '',
          arguments: stringifyNested(block.input ?? {}),
          ...kept(without(block, READ_OF_CALL)),
        },
      ];
    default:
      return [{ type: 'opaque', api: WIRE_ID, value: block }];
  }
}

/** Members that the same API wants back in the next turn, and no other needs. */
function kept(members: JsonObject): { extensions?: Extensions } {
  const inert = Object.fromEntries(Object.entries(members).filter(([, value]) => value != null));
  if (Object.keys(inert).length === 0) return {};
  return { extensions: { [WIRE_ID]: { essential: {}, inert, restated: {} } } };
}

function uncountedUsage(body: JsonObject): JsonObject {
  const usage = withoutCounts(rawUsage(body) ?? {});
  return Object.keys(usage).length === 0 ? {} : { usage };
}
