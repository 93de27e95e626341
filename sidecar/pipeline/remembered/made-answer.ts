/** What an encoder needs for an answer that clients may name, and what of it is remembered once it is whole. */

import type { JsonObject } from '#sidecar/canonical/json';
import { mapEach, once, visitEach } from '#sidecar/canonical/walk';
import type { MadeAnswer } from '#sidecar/dialects/dialect';
import type { Recall } from '#sidecar/dialects/recall';
import { stringifyNested } from '#sidecar/json/nested';
import type { Answer } from '#sidecar/pipeline/attempts/answer';
import type { EncodeQuestion } from '#sidecar/pipeline/encode';

export function madeAnswer({ by }: Answer, recall: Recall, question: EncodeQuestion): MadeAnswer {
  const { decoded, call, remembered } = question;
  const isKept = by.kept !== undefined;
  const isWanted = recall.isWanted(decoded.content.body);
  return {
    id: remembered.idFor(call.requestId),
    isKept,
    ...(decoded.said?.goesOnFrom !== undefined && { goesOnFrom: decoded.said.goesOnFrom }),
    told: (answer) => isWanted && remember(answer, { recall, question, isKept }),
  };
}

interface Context {
  readonly recall: Recall;
  readonly question: EncodeQuestion;
  readonly isKept: boolean;
}

/** Where an account keeps the answer, it has other ids for the items than the client was given. */
function remember(answer: JsonObject, { recall, question, isKept }: Context): void {
  const { decoded, remembered } = question;
  const { id, items, answer: told } = recall.partsOf(answer);
  visitEach(items, ({ id: itemId, item }) => {
    const json = jsonOf(item);
    remembered.keepItem(itemId, json);
  });
  if (isKept) return;
  const { content } = decoded.said ?? decoded;
  const goesOnFrom = decoded.said?.goesOnFrom;
  const turn = {
    ...(goesOnFrom !== undefined && { previous: goesOnFrom }),
    input: once(() => inputOf(content.member('input'))),
    answer: jsonOf(told),
    itemIds: mapEach(items, (item) => item.id),
  };
  once(() => remembered.keepTurn(id, turn));
}

const UTF8 = new TextEncoder();
const NO_INPUT = UTF8.encode('{}');
const BEFORE = UTF8.encode('{"input":');
const AFTER = UTF8.encode('}');

/** Bytes of its own, so that nothing else stays in memory with it. */
const jsonOf = (value: JsonObject): Uint8Array => {
  const json = stringifyNested(value);
  return once(() => UTF8.encode(json), json.length);
};

function inputOf(member: Uint8Array | undefined): Uint8Array {
  if (member === undefined) return NO_INPUT;
  const bytes = new Uint8Array(BEFORE.length + member.length + AFTER.length);
  bytes.set(BEFORE);
  bytes.set(member, BEFORE.length);
  bytes.set(AFTER, BEFORE.length + member.length);
  return bytes;
}
