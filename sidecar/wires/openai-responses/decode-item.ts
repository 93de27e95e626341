/** One item of a response's output → canonical parts. Items that this API alone knows, such as a search that it ran itself, become opaque parts. */

import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part, TextPart } from '#sidecar/canonical/part';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import { asArray, asObjects, asString, asText } from '#sidecar/wires/read-field';
import { sealOf, WIRE_ID } from './seal.ts';

/** Between the parts of a summary, which are paragraphs. */
export const PARAGRAPH = '\n\n';

export function decodeItem(item: JsonObject): readonly Part[] {
  switch (item.type) {
    case 'message':
      return mapEach(asObjects(item.content), decodeContent);
    case 'reasoning':
      return decodeReasoning(item);
    default:
      return isFunctionCall(item) ? [decodeCall(item)] : [{ type: 'opaque', api: WIRE_ID, value: item }];
  }
}

function decodeContent(part: JsonObject): Part {
  switch (part.type) {
    case 'output_text':
      return { type: 'text', text: asString(part.text) ?? '', ...sourcesOf(part) };
    case 'refusal':
      return { type: 'refusal', text: asString(part.refusal) ?? '' };
    default:
      return { type: 'opaque', api: WIRE_ID, value: part };
  }
}

/** What the text cites. */
function sourcesOf({ annotations }: JsonObject): Pick<TextPart, 'extensions'> {
  if (asArray(annotations).length === 0) return {};
  return { extensions: { [WIRE_ID]: { essential: {}, inert: { annotations }, restated: {} } } };
}

/** A call of a tool in a namespace, or by a program, means nothing without it: such a call stays whole. */
export const isFunctionCall = (item: JsonObject): boolean =>
  item.type === 'function_call' && item.namespace == null && asString(item.call_id) !== undefined;

const decodeCall = (item: JsonObject): Part => ({
  type: 'tool-call',
  id: asString(item.call_id) ?? '',
  name: asString(item.name) ?? '',
  arguments: asString(item.arguments) ?? '',
});

function decodeReasoning(item: JsonObject): readonly Part[] {
  const text = reasoningText(item);
  const sealed = sealOf(item);
  if (text !== '') return [{ type: 'reasoning', text, ...(sealed !== undefined && { signature: sealed }) }];
  return sealed === undefined ? [] : [{ type: 'reasoning', text: '', redacted: sealed }];
}

/** The summary, or, where models show it, the reasoning itself. */
function reasoningText(item: JsonObject): string {
  const of = (parts: JsonValue | undefined, between: string) =>
    asObjects(parts)
      .flatMap((part) => asText(part.text) ?? [])
      .join(between);
  return of(item.summary, PARAGRAPH) || of(item.content, '');
}

/** The probabilities of all texts, in the form of Chat Completions, whose entries are the same. */
export function decodeLogprobs(output: readonly JsonObject[]): JsonValue | undefined {
  const entries = flatMapEach(output, (item) =>
    item.type === 'message' ? flatMapEach(asObjects(item.content), (part) => asArray(part.logprobs)) : [],
  );
  return logprobsOf(entries);
}

export const logprobsOf = (entries: readonly JsonValue[]): JsonValue | undefined =>
  entries.length === 0 ? undefined : { content: [...entries], refusal: null };
