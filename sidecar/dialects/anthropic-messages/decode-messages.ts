/**
 * Turns of a Messages request → canonical messages. A user turn becomes one message per tool result, which come first as the API demands, and
 * one of what the user said beside them.
 */

import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonValue } from '#sidecar/canonical/json';
import type { Part, ToolCallPart, ToolResultPart } from '#sidecar/canonical/part';
import { filterEach, flatMapEach, mapEach, once } from '#sidecar/canonical/walk';
import type { Place } from '#sidecar/dialects/client-paths';
import { invalid, requiredObject } from '#sidecar/dialects/field';
import { API_ID } from './api-id.ts';
import { callSignatureOf } from './call-signature.ts';
import { decodeContent } from './decode-content.ts';

export const decodeMessages = (values: readonly JsonValue[]): Message[] =>
  flatMapEach(values, (value, index) => decodeMessage(value, `messages[${index}]`));

function decodeMessage(value: JsonValue, path: string): Message[] {
  const message = requiredObject(value, path);
  const parts = decodeContent(message.content, `${path}.content`);
  switch (message.role) {
    case 'system':
      return [{ role: 'system', parts }];
    case 'assistant':
      return [{ role: 'assistant', parts: once(() => attachSignatures(parts)) }];
    case 'user':
      return splitResults(parts);
    default:
      throw invalid(`${path}.role`, "'user', 'assistant' or 'system'");
  }
}

/** Where the parts of each message that `decodeMessages` makes stand in the body. */
export const placesOf = (values: readonly JsonValue[]): Place[] =>
  flatMapEach(values, (value, index) => {
    const path = `messages[${index}]`;
    const { role, content } = requiredObject(value, path);
    const places = mapEach(decodeContent(content, `${path}.content`), (part, at) => ({
      part,
      path: typeof content === 'string' ? `${path}.content` : `${path}.content[${at}]`,
    }));
    const pathsOf = (of: readonly (typeof places)[number][]): Place => ({ path, parts: of.map((each) => each.path) });
    const results = role === 'user' ? places.filter(({ part }) => part.type === 'tool-result') : [];
    if (results.length === 0) return [pathsOf(places.filter(({ part }) => !isCallSignature(part)))];
    const said = places.filter(({ part }) => part.type !== 'tool-result');
    return [...results.map((result) => pathsOf([result])), ...(said.length > 0 ? [pathsOf(said)] : [])];
  });

const isCallSignature = (part: Part): boolean =>
  part.type === 'reasoning' && callSignatureOf(part.redacted) !== undefined;

function splitResults(parts: readonly Part[]): Message[] {
  const results = filterEach(parts, (part): part is ToolResultPart => part.type === 'tool-result');
  if (results.length === 0) return [{ role: 'user', parts }];
  const said = filterEach(parts, (part) => part.type !== 'tool-result');
  return [
    ...mapEach(results, (part): Message => ({ role: 'tool', parts: [part] })),
    ...(said.length > 0 ? [{ role: 'user', parts: said } as const] : []),
  ];
}

/** The proof of a call stands in a block of its own before it. */
function attachSignatures(parts: readonly Part[]): readonly Part[] {
  const attached: Part[] = [];
  let signature: ToolCallPart['signature'];
  for (const part of parts) {
    const proof = part.type === 'reasoning' ? callSignatureOf(part.redacted) : undefined;
    if (proof !== undefined) signature = proof;
    else if (part.type === 'tool-call' && signature !== undefined) {
      attached.push({ ...part, signature });
      signature = undefined;
    } else attached.push(part);
  }
  return attached;
}

/** It holds reasoning that this API did not make, or proof of it: the API would refuse the bytes. */
export const holdsForeignProof = ({ parts }: Message): boolean =>
  parts.some((part) => {
    if (part.type === 'tool-call') return part.signature !== undefined;
    return part.type === 'reasoning' && (part.signature ?? part.redacted)?.by !== API_ID;
  });
