/** Items that stand for others, which whoever is asked has to look up. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { isJsonObject } from '#sidecar/json/body';
import { isIdMadeHere } from './item-id.ts';

export type Reference = JsonObject & { readonly id: string };

/** Its type may be left out; a message has a role and a content. */
export const isReference = (item: JsonValue | undefined): item is Reference =>
  isJsonObject(item) &&
  typeof item.id === 'string' &&
  (item.type === 'item_reference' || (item.type == null && item.role == null && item.content == null));

/** To reasoning that was made here and that nobody remembers: no API takes it for its own, and a conversation goes on without it. */
export const isReferenceToLost = (item: JsonValue): boolean =>
  isReference(item) && item.id.startsWith('rs_') && isIdMadeHere(item.id);

export const lostReasoning = ({ id }: JsonObject): Part => ({
  type: 'reasoning',
  text: '',
  redacted: { by: '', data: String(id) },
});
