/** Ids of what is written here for answers of other APIs: the same for the same answer, other ones for others, and of the form that OpenAI takes back. */
import type { MadeAnswer } from '#sidecar/dialects/dialect';

/** OpenAI refuses longer ones, and any sign beside letters, digits, `_` and `-`; the end of an id tells answers apart best. */
const TAIL_LENGTH = 40;
/** Tells ids that are made here from those under which an account keeps something. */
const MARK = 'remora_';

const MADE_HERE = new RegExp(`^[a-z]+_${MARK}`);

const tailOf = (id: string): string => id.replace(/[^\w-]/g, '').slice(-TAIL_LENGTH);

export const isIdMadeHere = (id: string): boolean => MADE_HERE.test(id);

/** `created`: for a provider that gives no id. */
export function responseId(id: string, created: number, made?: MadeAnswer): string {
  if (made !== undefined && !made.isKept) return `resp_${MARK}${tailOf(made.id)}`;
  return id.startsWith('resp_') ? id : `resp_${tailOf(id) || created}`;
}

/** What the ids of all items of an answer have in common. */
export const itemStem = (response: string, made?: MadeAnswer): string =>
  made === undefined ? tailOf(response.replace(/^resp_/, '')) : MARK + tailOf(made.id);

/** `place` in the output. */
export const itemId = (prefix: string, stem: string, place: number): string => `${prefix}_${stem}_${place}`;

/** Reasoning is marked however it is made: no service stored such an item. */
export const reasoningId = (stem: string, place: number): string =>
  itemId('rs', stem.startsWith(MARK) ? stem : MARK + stem, place);
