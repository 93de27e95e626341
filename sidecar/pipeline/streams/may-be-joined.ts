/** Which requests may have an answer that one target begins and another ends. */
import type { PolicyRoute } from '#contract/policy/policy';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { CanonicalRequest } from '#sidecar/canonical/request';

/** One choice of plain text, of which nothing is told beside it, where the route says Continue. */
export const mayBeJoined = (
  request: CanonicalRequest,
  { stream }: Pick<PolicyRoute, 'stream'>,
): request is ChatRequest =>
  stream?.onBreak === 'Continue' &&
  request.operation === 'chat' &&
  request.stream &&
  (request.choiceCount ?? 1) === 1 &&
  (request.responseFormat === undefined || request.responseFormat.type === 'text') &&
  request.logprobs === undefined &&
  request.isAnsweredLater !== true;
