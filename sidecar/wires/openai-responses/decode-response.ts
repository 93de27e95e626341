/** Responses answer → canonical answer: one choice. */

import type { ChatResponse } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import { flatMapEach, once } from '#sidecar/canonical/walk';
import { RemoraError } from '#sidecar/errors/remora-error';
import { AnswerFailed } from '#sidecar/wires/answer-failed';
import { asCount, asObjects, asString, asText, without } from '#sidecar/wires/read-field';
import { decodeItem, decodeLogprobs } from './decode-item.ts';
import { mapFinish } from './map-finish-reason.ts';
import { readFailure } from './read-failure.ts';
import { readUsage } from './read-usage.ts';
import { WIRE_ID } from './seal.ts';

const READ = new Set(['id', 'object', 'created_at', 'model', 'output', 'output_text', 'status', 'usage', 'error']);

/** Throws AnswerFailed for a response that failed, and `bad_upstream_response` for what is none. */
export function decodeResponse(body: JsonObject): ChatResponse {
  if (body.status === 'failed') throw new AnswerFailed(readFailure(body));
  if (!Array.isArray(body.output))
    throw new RemoraError({
      code: 'bad_upstream_response',
      message: 'The provider answered JSON that is no response. Check the endpoint and type of the AIProvider.',
    });
  const output = asObjects(body.output);
  const parts = flatMapEach(output, decodeItem);
  const hasCalls = once(() => parts.some((part) => part.type === 'tool-call'));
  const { reason, raw } = mapFinish(body, asText(body.status) ?? 'completed', hasCalls);
  const logprobs = decodeLogprobs(output);
  const usage = readUsage(body);
  const created = asCount(body.created_at);
  return {
    id: asString(body.id) ?? '',
    model: asString(body.model) ?? '',
    ...(created !== undefined && { created }),
    choices: [{ index: 0, parts, finishReason: reason, rawFinishReason: raw, ...(logprobs != null && { logprobs }) }],
    ...(usage !== undefined && { usage }),
    extensions: { [WIRE_ID]: without(body, READ) },
  };
}
