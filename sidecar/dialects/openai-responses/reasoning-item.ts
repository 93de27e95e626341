/**
 * Carries reasoning through the API's own items. The seal of this API is the item's id and its encrypted content, as its wire writes it:
 * `<id>|<encrypted content>`. What another API sealed lies in `encrypted_content`; and the proof of a call, for which this API has no place, in an item
 * without text right before the call, known by its id.
 */
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part, ReasoningPart } from '#sidecar/canonical/part';
import { type Sealed, sealedOf, sealedText } from '#sidecar/canonical/sealed';
import { optionalArray, optionalString, requiredObject } from '#sidecar/dialects/field';
import { DIALECT_ID } from './api-id.ts';

const PARAGRAPH = '\n\n';
/** How the ids begin that are made here: no service stored such an item. */
const FRESH_ID = 'rs_remora_';
const SIGNATURE_ID = 'rs_remora_call_';

/** The item without its text. `freshId`: for what has no id of this API. */
export function sealItem(sealed: Sealed | undefined, freshId: string): JsonObject {
  if (sealed === undefined) return { type: 'reasoning', id: freshId };
  if (sealed.by !== DIALECT_ID)
    return { type: 'reasoning', id: freshId, encrypted_content: sealedText(sealed, DIALECT_ID) };
  const bar = sealed.data.indexOf('|');
  const id = sealed.data.slice(0, Math.max(0, bar));
  const encrypted = sealed.data.slice(bar + 1);
  return { type: 'reasoning', id: id || freshId, ...(encrypted !== '' && { encrypted_content: encrypted }) };
}

/** The proof of the call that follows. */
export const signatureItem = (signature: Sealed, freshId: string): JsonObject => ({
  ...sealItem(signature, freshId.replace(FRESH_ID, SIGNATURE_ID)),
  summary: [],
});

export const encodeReasoning = (part: ReasoningPart, freshId: string): JsonObject => ({
  ...sealItem(part.redacted ?? part.signature, freshId),
  summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
});

/** undefined: the item is reasoning. */
export function decodeSignature(item: JsonObject): Sealed | undefined {
  if (typeof item.id !== 'string' || typeof item.encrypted_content !== 'string') return undefined;
  return item.id.startsWith(SIGNATURE_ID) ? sealedOf(item.encrypted_content, DIALECT_ID) : undefined;
}

/** Nothing for an item that says nothing. */
export function decodeReasoning(item: JsonObject, path: string): readonly Part[] {
  const summary = textsOf(item, 'summary', path).join(PARAGRAPH);
  const text = summary === '' ? textsOf(item, 'content', path).join('') : summary;
  const sealed = decodeSeal(item, path);
  if (text !== '') return [{ type: 'reasoning', text, ...(sealed !== undefined && { signature: sealed }) }];
  return sealed === undefined ? [] : [{ type: 'reasoning', text, redacted: sealed }];
}

function decodeSeal(item: JsonObject, path: string): Sealed | undefined {
  const id = optionalString(item.id, `${path}.id`) ?? '';
  const sealed = sealedOf(optionalString(item.encrypted_content, `${path}.encrypted_content`) ?? '', DIALECT_ID);
  if (sealed.by !== DIALECT_ID) return sealed;
  const isNamed = id !== '' && !id.startsWith(FRESH_ID);
  return isNamed || sealed.data !== '' ? { by: DIALECT_ID, data: `${id}|${sealed.data}` } : undefined;
}

const textsOf = (item: JsonObject, key: 'summary' | 'content', path: string): readonly string[] =>
  optionalArray(item[key], `${path}.${key}`).flatMap((entry, index) => {
    const at = `${path}.${key}[${index}]`;
    return optionalString(requiredObject(entry, at).text, `${at}.text`) || [];
  });

/** An item made here has an id that no service knows, or encrypted content that OpenAI's cannot read. */
export const isMadeHere = (part: Part): boolean => {
  if (part.type === 'tool-call') return part.signature !== undefined;
  if (part.type !== 'reasoning') return false;
  const sealed = part.redacted ?? part.signature;
  return sealed?.by !== DIALECT_ID || sealed.data.startsWith(FRESH_ID);
};
