/** Earlier answers in a Responses call: items that are named by a reference, and the conversation that is named by its last response. */

import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import type { NamedAnswers, NamedItem, Recall, Recalled, Resolved, Turn } from '#sidecar/dialects/recall';
import { isJsonObject } from '#sidecar/json/body';
import { isIdMadeHere } from './item-id.ts';
import { isReference, isReferenceToLost } from './reference.ts';

export const recall: Recall = {
  namedIn,
  isMadeHere: isIdMadeHere,
  resolve,
  isWanted: ({ store }) => store !== false,
  partsOf: (answer) => ({
    id: String(answer.id),
    items: flatMapEach(itemsOf(answer.output), (item) =>
      isJsonObject(item) && typeof item.id === 'string' && isIdMadeHere(item.id) ? [{ id: item.id, item }] : [],
    ),
    // What the request said beside its input does not go on to the next one, and may be longer than all the rest.
    answer: { ...answer, instructions: null, tools: [] },
  }),
};

function namedIn({ input, previous_response_id: previous }: JsonObject): NamedAnswers | undefined {
  const items: NamedItem[] = [];
  if (Array.isArray(input))
    for (const [index, item] of input.entries())
      if (isReference(item)) items.push({ id: item.id, path: `input[${index}]`, mayBeLost: isReferenceToLost(item) });
  if (typeof previous === 'string') return { previous, items };
  return items.length > 0 ? { items } : undefined;
}

/** An item of the new input, and where the client said it. */
interface Place {
  readonly item: JsonValue;
  readonly path: string;
  /** The client named it: what is in it has no place of its own. */
  readonly isNamed: boolean;
}

function resolve(body: JsonObject, recalled: Recalled): Resolved {
  const places = flatMapEach(recalled.turns, (turn) => placesOfTurn(turn, recalled)).concat(ownPlaces(body, recalled));
  const whole: JsonObject = { ...body, input: mapEach(places, ({ item }) => item) };
  const { previous_response_id: _, ...withoutPrevious } = whole;
  return {
    // Without turns an account keeps what came before.
    body: recalled.turns.length > 0 ? withoutPrevious : whole,
    clientPath: (path) => clientPath(path, places),
  };
}

function placesOfTurn({ input, answer }: Turn, recalled: Recalled): readonly Place[] {
  const said = mapEach(itemsOf(input), (item) => ofTurn(named(item, recalled) ?? item));
  return said.concat(flatMapEach(itemsOf(answer.output), (item) => (isJsonObject(item) ? [ofTurn(retold(item))] : [])));
}

const ofTurn = (item: JsonValue): Place => ({ item, path: 'previous_response_id', isNamed: true });

const ownPlaces = ({ input }: JsonObject, recalled: Recalled): readonly Place[] =>
  mapEach(itemsOf(input), (item, index) => {
    const found = named(item, recalled);
    const path = typeof input === 'string' ? 'input' : `input[${index}]`;
    return found === undefined
      ? { item, path, isNamed: typeof input === 'string' }
      : { item: found, path, isNamed: true };
  });

/** A text stands for a message of the user. */
function itemsOf(input: JsonValue | undefined): readonly JsonValue[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  return Array.isArray(input) ? input : [];
}

function named(item: JsonValue, recalled: Recalled): JsonObject | undefined {
  const found = isReference(item) ? recalled.item(item.id) : undefined;
  return found && retold(found);
}

/** No service knows the ids of what was made here, and OpenAI asks for none but of reasoning and of what it ran itself. */
function retold(item: JsonObject): JsonObject {
  if (item.type !== 'message' && item.type !== 'function_call') return item;
  const { id: _, ...rest } = item;
  return rest;
}

const OF_INPUT = /^input\[(\d+)\]/;

function clientPath(path: string, places: readonly Place[]): string {
  const [start = '', index] = OF_INPUT.exec(path) ?? [];
  const place = index === undefined ? undefined : places[Number(index)];
  if (place === undefined) return path;
  return place.isNamed ? place.path : place.path + path.slice(start.length);
}
