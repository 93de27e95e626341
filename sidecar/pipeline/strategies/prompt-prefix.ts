/** What the turns of a conversation have in common: how it begins. Providers keep prompts in their caches by their beginning. */
import type { Message } from '#sidecar/canonical/chat-request';
import type { CanonicalRequest } from '#sidecar/canonical/request';

/** Of one message; of a longer one its length tells it apart from others that begin alike. */
const MOST_CHARS = 1_024;
/** Up to the first turn of the user; instructions before it may come in pieces. */
const MOST_MESSAGES = 4;

/** Bounded; undefined where nothing is said. Two conversations that begin alike have the same, which is as well for caches. */
export function promptPrefix(request: CanonicalRequest): string | undefined {
  if (request.operation !== 'chat') return undefined;
  let prefix = '';
  for (const message of request.messages.slice(0, MOST_MESSAGES)) {
    prefix += beginOf(message);
    if (message.role === 'user') break;
  }
  return prefix === '' ? undefined : prefix;
}

function beginOf({ role, parts }: Message): string {
  let text = '';
  let length = 0;
  for (const part of parts) {
    if (part.type !== 'text') continue;
    length += part.text.length;
    if (text.length < MOST_CHARS) text += part.text.slice(0, MOST_CHARS - text.length);
  }
  return length === 0 ? '' : `${role} ${length} ${text}\n`;
}
