/**
 * OpenRouter's `reasoning_details`: blocks of reasoning with the proofs that the model behind it wants back in the next turn, unchanged
 * and in order. A block is sealed whole, but for its text, so that it can be put together again.
 */

import type { JsonObject } from '#sidecar/canonical/json';
import type { ReasoningPart } from '#sidecar/canonical/part';
import type { Sealed } from '#sidecar/canonical/sealed';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { mapEach } from '#sidecar/canonical/walk';
import { isJsonObject, parseJson } from '#sidecar/json/body';
import { asCount, asObjects, asString, without } from '#sidecar/wires/read-field';

const WIRE_ID = 'openai-chat';

/** Where the text of a kind of block stands. */
const TEXT_KEY: Readonly<Record<string, 'text' | 'summary'>> = {
  'reasoning.text': 'text',
  'reasoning.summary': 'summary',
};

const textKeyOf = ({ type }: JsonObject): 'text' | 'summary' | undefined =>
  typeof type === 'string' && Object.hasOwn(TEXT_KEY, type) ? TEXT_KEY[type] : undefined;

const seal = (members: JsonObject): Sealed => ({ by: WIRE_ID, data: JSON.stringify(members) });

/** The blocks of a whole message; none where it has none. */
export const decodeDetails = (message: JsonObject): readonly ReasoningPart[] =>
  mapEach(asObjects(message.reasoning_details), (detail) => {
    const key = textKeyOf(detail);
    return key === undefined
      ? { type: 'reasoning', text: '', redacted: seal(detail) }
      : { type: 'reasoning', text: asString(detail[key]) ?? '', signature: seal(without(detail, new Set([key]))) };
  });

/** The block that a part came from, sealed by us or as a client sends it back that the server itself answered; none: it came from elsewhere. */
export function encodeDetail({ text, signature, redacted }: ReasoningPart, formats: RegExp | undefined): JsonObject[] {
  const sealed = redacted ?? signature;
  if (formats === undefined || sealed === undefined) return [];
  if (formats.test(sealed.by))
    return redacted === undefined
      ? [{ type: 'reasoning.text', text, signature: sealed.data, format: sealed.by }]
      : [{ type: 'reasoning.encrypted', data: sealed.data, format: sealed.by }];
  const members = sealed.by === WIRE_ID ? parseJson(sealed.data) : undefined;
  if (!isJsonObject(members)) return [];
  const key = textKeyOf(members);
  return [key === undefined ? members : { ...members, [key]: text }];
}

/** A block whose end was not seen yet; its members so far, without the text that was passed on. */
export interface OpenDetail {
  readonly number: number;
  readonly members: JsonObject;
}

type Step = readonly [OpenDetail | undefined, readonly StreamEvent[]];

/** The blocks of one delta. A block goes on while its number does; its proof comes last. */
export function stepDetails(open: OpenDetail | undefined, choice: number, delta: JsonObject): Step {
  const events: StreamEvent[] = [];
  let current = open;
  for (const detail of asObjects(delta.reasoning_details)) {
    const number = asCount(detail.index) ?? 0;
    if (current !== undefined && current.number !== number) {
      events.push(...closeDetail(current, choice));
      current = undefined;
    }
    const key = textKeyOf(detail);
    if (key === undefined) events.push({ type: 'reasoning-redacted', choice, redacted: seal(detail) });
    else {
      const text = asString(detail[key]) ?? '';
      if (text !== '') events.push({ type: 'reasoning-delta', choice, text });
      current = { number, members: { ...current?.members, ...said(without(detail, new Set([key]))) } };
    }
  }
  return [current, events];
}

export const closeDetail = (open: OpenDetail | undefined, choice: number): readonly StreamEvent[] =>
  open === undefined ? [] : [{ type: 'reasoning-signature', choice, signature: seal(open.members) }];

/** A later delta repeats members as null. */
const said = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
