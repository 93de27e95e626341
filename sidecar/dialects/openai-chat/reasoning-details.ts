/**
 * Carries reasoning through Chat Completions, which has no place for it: plain text in `reasoning_content`, and, where a provider signed
 * or withheld it, `reasoning_details` (the shape that OpenRouter's clients know; `format` names the API that sealed it) with two members of
 * ours that say where each block stood: after `content_offset` UTF-16 units of `content` and after `tool_calls` calls. A client that sends the assistant message back
 * as it came gives the provider its blocks back, signature and place included.
 */

import type { JsonObject } from '#sidecar/canonical/json';
import type { Part, ReasoningPart } from '#sidecar/canonical/part';
import type { Sealed } from '#sidecar/canonical/sealed';
import { flatMapEach, foldEach } from '#sidecar/canonical/walk';
import { optionalArray, optionalInteger, optionalString, requiredObject } from '#sidecar/dialects/field';
import { isJsonObject } from '#sidecar/json/body';

export interface ReasoningPlace {
  readonly contentOffset: number;
  readonly toolCalls: number;
}

export interface PlacedReasoning extends ReasoningPlace {
  readonly part: ReasoningPart;
}

export const encodeReasoningDetail = (part: ReasoningPart, index: number, place: ReasoningPlace): JsonObject => ({
  ...(part.redacted === undefined
    ? { type: 'reasoning.text', text: part.text, ...signatureMembers(part.signature) }
    : { type: 'reasoning.encrypted', data: part.redacted.data, format: part.redacted.by }),
  index,
  content_offset: place.contentOffset,
  tool_calls: place.toolCalls,
});

const signatureMembers = (signature: Sealed | undefined): JsonObject =>
  signature === undefined ? {} : { signature: signature.data, format: signature.by };

/** The proof of a tool call, told by the call's id. */
export const encodeCallDetail = (id: string, signature: Sealed, index: number): JsonObject => ({
  type: 'reasoning.encrypted',
  data: signature.data,
  format: signature.by,
  id,
  index,
});

/** The proofs of an assistant message's tool calls, by the id of the call. */
export function decodeCallSignatures(message: JsonObject): ReadonlyMap<string, Sealed> {
  const details = optionalArray(message.reasoning_details, 'reasoning_details');
  return foldEach(
    details,
    () => new Map<string, Sealed>(),
    (signatures, detail) => {
      if (!isJsonObject(detail) || typeof detail.id !== 'string' || typeof detail.data !== 'string') return;
      signatures.set(detail.id, { by: typeof detail.format === 'string' ? detail.format : '', data: detail.data });
    },
  );
}

/** The reasoning of an assistant message: the details where there are any, else the plain text. */
export function decodeReasoning(message: JsonObject, path: string): readonly PlacedReasoning[] {
  const details = optionalArray(message.reasoning_details, `${path}.reasoning_details`);
  const placed = flatMapEach(details, (value, index) => {
    const at = `${path}.reasoning_details[${index}]`;
    return decodeDetail(requiredObject(value, at), at);
  });
  if (placed.length > 0) return placed;
  const text =
    optionalString(message.reasoning_content, `${path}.reasoning_content`) ??
    optionalString(message.reasoning, `${path}.reasoning`);
  if (text === undefined || text === '') return [];
  return [{ part: { type: 'reasoning', text }, contentOffset: 0, toolCalls: 0 }];
}

/** Kinds of details that we never write, such as another gateway's summaries, are left out. */
function decodeDetail(detail: JsonObject, path: string): PlacedReasoning[] {
  const place = {
    contentOffset: optionalInteger(detail.content_offset, `${path}.content_offset`, 0) ?? 0,
    toolCalls: optionalInteger(detail.tool_calls, `${path}.tool_calls`, 0) ?? 0,
  };
  const by = optionalString(detail.format, `${path}.format`) ?? '';
  if (detail.type === 'reasoning.encrypted') {
    const data = optionalString(detail.data, `${path}.data`);
    const isOfCall = typeof detail.id === 'string';
    return data === undefined || isOfCall
      ? []
      : [{ ...place, part: { type: 'reasoning', text: '', redacted: { by, data } } }];
  }
  if (detail.type !== 'reasoning.text') return [];
  const signature = optionalString(detail.signature, `${path}.signature`);
  const text = optionalString(detail.text, `${path}.text`) ?? '';
  return [
    {
      ...place,
      part: { type: 'reasoning', text, ...(signature !== undefined && { signature: { by, data: signature } }) },
    },
  ];
}

/** Puts the blocks back where they stood among the content and the tool calls, splitting a text where a block stood within it. */
export function placeReasoning(
  reasoning: readonly PlacedReasoning[],
  content: readonly Part[],
  toolCalls: readonly Part[],
): readonly Part[] {
  const placed: Part[] = [];
  const rest = [...content];
  let offset = 0;
  let called = 0;
  for (const { part, contentOffset, toolCalls: callsBefore } of reasoning) {
    while (rest[0] !== undefined && offset < contentOffset) {
      const [head, tail] = splitAt(rest[0], contentOffset - offset);
      placed.push(head);
      offset += textLength(head);
      if (tail === undefined) rest.shift();
      else rest[0] = tail;
    }
    placed.push(...toolCalls.slice(called, callsBefore), part);
    called = Math.max(called, callsBefore);
  }
  return [...placed, ...rest, ...toolCalls.slice(called)];
}

const textLength = (part: Part): number => (part.type === 'text' ? part.text.length : 0);

function splitAt(part: Part, length: number): readonly [Part, Part | undefined] {
  if (part.type !== 'text' || part.text.length <= length) return [part, undefined];
  return [
    { ...part, text: part.text.slice(0, length) },
    { ...part, text: part.text.slice(length) },
  ];
}
