/** The beginning of an answer that the client wrote itself, for an API whose models would answer it anew instead of going on. */

import type { ChatRequest } from '#sidecar/canonical/chat-request';
import { once } from '#sidecar/canonical/walk';
import type { Losses } from './losses.ts';

/** The request without it. Throws `unsupported_parameter` unless the route lets it be dropped and the answer may be another one. */
export function losePrefill(request: ChatRequest, losses: Losses): ChatRequest {
  const last = request.messages.length - 1;
  if (request.messages[last]?.isPrefill !== true) return request;
  const path = `messages[${last}].prefill`;
  if (request.mustGoOn === true) losses.refuse(path);
  losses.drop(path);
  return { ...request, messages: once(() => request.messages.slice(0, last)) };
}
