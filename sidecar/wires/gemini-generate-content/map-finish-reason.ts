/** The finish reasons of the API, and its reasons to block a prompt; none that means "not finished" becomes `stop`. */
import type { FinishReason } from '#sidecar/canonical/chat-response';
import { finishReasons } from '#sidecar/wires/finish-reasons';

const reasonOf = finishReasons({
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  MODEL_ARMOR: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  // It asks for the same request again with a token.
  CONTINUATION: 'pause',
});

/** The API says STOP for a turn that calls tools too. */
export function mapFinishReason(raw: string, hasCalls: boolean): FinishReason {
  const reason = reasonOf(raw);
  return reason === 'stop' && hasCalls ? 'tool-calls' : reason;
}
