/** What an encoder needs for an answer that clients may name, and what of it is remembered once it is whole. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { MadeAnswer } from '#sidecar/dialects/dialect';
import type { Recall } from '#sidecar/dialects/recall';
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
  for (const { id: itemId, item } of items) remembered.keepItem(itemId, jsonOf(item));
  if (isKept) return;
  const { content } = decoded.said ?? decoded;
  const goesOnFrom = decoded.said?.goesOnFrom;
  remembered.keepTurn(id, {
    ...(goesOnFrom !== undefined && { previous: goesOnFrom }),
    input: inputOf(content.member('input')),
    answer: jsonOf(told),
    itemIds: items.map((item) => item.id),
  });
}

const UTF8 = new TextEncoder();
const NO_INPUT = UTF8.encode('{}');
const BEFORE = UTF8.encode('{"input":');
const AFTER = UTF8.encode('}');

/** Bytes of its own, so that nothing else stays in memory with it. */
const jsonOf = (value: JsonObject): Uint8Array => UTF8.encode(JSON.stringify(value));

function inputOf(member: Uint8Array | undefined): Uint8Array {
  if (member === undefined) return NO_INPUT;
  const bytes = new Uint8Array(BEFORE.length + member.length + AFTER.length);
  bytes.set(BEFORE);
  bytes.set(member, BEFORE.length);
  bytes.set(AFTER, BEFORE.length + member.length);
  return bytes;
}
