/** What expressions see of the texts of a request, and how many tokens these are likely to be. */
import { LONGEST_PROMPT } from '#contract/expressions/facts';
import type { ChatRequest, Message, Role } from '#sidecar/canonical/chat-request';
import { tokensOf } from '#sidecar/canonical/count-tokens';
import { operationOf } from '#sidecar/canonical/operation';
import type { Part } from '#sidecar/canonical/part';
import type { CanonicalRequest } from '#sidecar/canonical/request';

const USER: readonly Role[] = ['user'];
const SYSTEM: readonly Role[] = ['system', 'developer'];
const FENCE = /^ {0,3}(?:```|~~~)/m;

export const isChat = (request: CanonicalRequest): request is ChatRequest => request.operation === 'chat';

export const promptOf = (request: CanonicalRequest): string =>
  isChat(request) ? lastOf(saidBy(request.messages, USER)) : lastOf(textsOf(request));

export const systemOf = (request: CanonicalRequest): string =>
  isChat(request) ? lastOf(saidBy(request.messages, SYSTEM)) : '';

export const turnsOf = (request: CanonicalRequest): number =>
  isChat(request) ? request.messages.filter(({ role }) => role === 'user').length : 0;

export const hasCode = (request: CanonicalRequest): boolean => FENCE.test(promptOf(request));

export const hasImages = (request: CanonicalRequest): boolean =>
  isChat(request) && partsOf(request).some(({ type }) => type === 'image');

export function inputTokensOf(request: CanonicalRequest): number {
  const media = isChat(request) ? partsOf(request).filter(({ type }) => type === 'image' || type === 'file').length : 0;
  return tokensOf(
    textsOf(request).reduce((bytes, text) => bytes + Buffer.byteLength(text), 0),
    media,
  );
}

/** Those of tool results, too. */
const partsOf = ({ messages }: ChatRequest): Part[] =>
  messages
    .flatMap(({ parts }) => parts)
    .flatMap((part): readonly Part[] => (part.type === 'tool-result' ? part.parts : [part]));

const saidBy = (messages: readonly Message[], roles: readonly Role[]): string[] =>
  messages
    .filter(({ role }) => roles.includes(role))
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])));

/** Every text that guardrails look at. */
function textsOf(request: CanonicalRequest): string[] {
  const texts: string[] = [];
  operationOf(request).mapText(request, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

/** The end of all of them, joined. */
function lastOf(texts: readonly string[]): string {
  let first = texts.length;
  for (let length = 0; first > 0 && length < LONGEST_PROMPT; first -= 1) length += (texts[first - 1]?.length ?? 0) + 1;
  return texts.slice(first).join('\n').slice(-LONGEST_PROMPT);
}
