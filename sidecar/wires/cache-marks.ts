/** Cache marks of a request for an API that has none: the answer is the same without them, so that they are left out and named. */

import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { Part } from '#sidecar/canonical/part';
import { visitEach } from '#sidecar/canonical/walk';
import type { Losses } from './losses.ts';

const isMarked = (part: Part): boolean => 'cacheControl' in part && part.cacheControl !== undefined;

export function noteCacheMarks({ messages, tools }: ChatRequest, losses: Losses): void {
  visitEach(messages, ({ parts }, index) => noteMarked(parts, `messages[${index}]`, losses));
  visitEach(tools, ({ cacheControl }, index) => {
    if (cacheControl !== undefined) losses.note(`tools[${index}].cache_control`);
  });
}

function noteMarked(parts: readonly Part[], path: string, losses: Losses): void {
  visitEach(parts, (part, index) => {
    if (isMarked(part)) losses.note(`${path}.content[${index}].cache_control`);
    if (part.type === 'tool-result') noteMarked(part.parts, `${path}.content[${index}]`, losses);
  });
}
