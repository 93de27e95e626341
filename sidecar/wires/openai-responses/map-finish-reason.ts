/** How a response ended, from its status and the reason why it is incomplete. */
import type { FinishReason } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import { finishReasons } from '#sidecar/wires/finish-reasons';
import { asObject, asText } from '#sidecar/wires/read-field';

const incomplete = finishReasons({
  max_output_tokens: 'length',
  content_filter: 'content-filter',
});

/** `status`: of the response, or of the event that carries it. A response that is still to be fetched, in the background, has not finished: `other`. */
export function mapFinish(
  response: JsonObject,
  status: string,
  hasCalls: boolean,
): { readonly reason: FinishReason; readonly raw: string } {
  if (status === 'completed') return { reason: hasCalls ? 'tool-calls' : 'stop', raw: status };
  if (status !== 'incomplete') return { reason: 'other', raw: status };
  const raw = asText(asObject(response.incomplete_details)?.reason) ?? status;
  return { reason: incomplete(raw), raw };
}
