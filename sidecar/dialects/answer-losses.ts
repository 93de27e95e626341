/**
 * What of an answer the client's API has no place for, by name. An answer is paid for and cannot be refused: what is lost of it is told. What a
 * service says about itself and not about its answer (its tier, its fingerprint, an echo of the request, safety scores) is not counted.
 */

import type { ChatResponse, Choice } from '#sidecar/canonical/chat-response';
import type { Extensions } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { flatMapEach } from '#sidecar/canonical/walk';
import type { AnyDialect } from './dialect.ts';

type Reader = Pick<AnyDialect, 'id' | 'writesImages'>;

/** Members of a choice or a candidate that say nothing of what the model wrote. */
const ABOUT_THE_CALL = new Set(['role', 'safetyRatings', 'avgLogprobs', 'tokenCount', 'content_filter_results']);
/** Of a part that its API alone knows, the member that says which kind it is, where it has no `type`. */
const OF_ANY_PART = new Set(['thought', 'thoughtSignature']);

/** Such as `answer.groundingMetadata`; each once. */
export function lostOfAnswer({ choices }: Pick<ChatResponse, 'choices'>, reader: Reader): readonly string[] {
  return [...new Set(flatMapEach(choices, (choice) => lostOfChoice(choice, reader)))];
}

const lostOfChoice = ({ parts, extensions = {} }: Choice, reader: Reader): string[] => [
  ...new Set(flatMapEach(parts, (part) => lostOfPart(part, reader))),
  ...lostMembers(extensions, reader),
];

export function lostOfEvent(event: StreamEvent, reader: Reader): readonly string[] {
  switch (event.type) {
    case 'opaque-part':
      return lostOfPart(event.part, reader);
    case 'image':
      return lostOfPart(event.image, reader);
    case 'members':
      return lostMembers(event.extensions, reader);
    default:
      return [];
  }
}

function lostOfPart(part: Part, reader: Reader): string[] {
  switch (part.type) {
    case 'opaque':
      return part.api === reader.id ? [] : kindOf(part.value);
    case 'image':
      return reader.writesImages === true ? [] : ['answer.image'];
    case 'text':
      return lostExtensions(part.extensions, reader);
    default:
      return [];
  }
}

/** Where one text ends and another begins is not content. */
function kindOf(value: JsonObject): string[] {
  const kind = typeof value.type === 'string' ? value.type : Object.keys(value).find((key) => !OF_ANY_PART.has(key));
  return kind === undefined || kind === 'content_block_stop' ? [] : [named(kind)];
}

const lostExtensions = (extensions: Extensions | undefined, reader: Reader): string[] =>
  Object.entries(extensions ?? {}).flatMap(([api, own]) => (api === reader.id ? [] : namesOf(own?.inert)));

const lostMembers = (extensions: { readonly [api: string]: JsonObject | undefined }, reader: Reader): string[] =>
  Object.entries(extensions).flatMap(([api, own]) => (api === reader.id ? [] : namesOf(own)));

const namesOf = (members: JsonObject = {}): string[] =>
  Object.keys(members)
    .filter((name) => !ABOUT_THE_CALL.has(name) && saysSomething(members[name]))
    .map(named);

/** Providers write these names, and they go into a header. */
const named = (name: string): string => (/^[\w.-]{1,64}$/.test(name) ? `answer.${name}` : 'answer.other');

function saysSomething(value: JsonValue | undefined): boolean {
  if (value === null || value === undefined || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
