/**
 * Answers that no account keeps and that their clients take for stored, as JSON in memory: never on a disk, never in a log, gone with the process.
 * Items and turns have bounds of their own, since whoever names items repeats his own words with each turn.
 */
import { createHmac } from 'node:crypto';
import type { RememberedLimits } from '#sidecar/config/sidecar-config';
import { BoundedBytes, type Sized } from './bounded-bytes.ts';

export interface RememberedTurn {
  /** The id of the turn before it. */
  readonly previous?: string;
  /** An object whose member `input` is what the client said. */
  readonly input: Uint8Array;
  /** An object, as `AnswerParts` has it. */
  readonly answer: Uint8Array;
  readonly itemIds: readonly string[];
}

interface KeptItem extends Sized {
  readonly json: Uint8Array;
}

/** Of an entry beside its JSON: ids, and what holds them together. */
const ENTRY_BYTES = 512;
/** 128 bits. */
const ID_CHARS = 32;

export class RememberedAnswers {
  /** What one request may name. */
  readonly recalledBytes: number;
  readonly #items: BoundedBytes<KeptItem>;
  readonly #turns: BoundedBytes<RememberedTurn & Sized>;

  readonly #secret: string;

  /** `secret`: random, and of this process. */
  constructor({ most, itemBytes, turnBytes, recalledBytes }: RememberedLimits, secret: string) {
    this.#secret = secret;
    this.recalledBytes = recalledBytes;
    this.#items = new BoundedBytes(most, itemBytes);
    this.#turns = new BoundedBytes(most, turnBytes);
  }

  get bytes(): number {
    return this.#items.bytes + this.#turns.bytes;
  }

  /** For the ids of an answer: of no other one, and not to be told from the id of the request, which stands in logs. */
  idFor(requestId: string): string {
    return createHmac('sha256', this.#secret).update(requestId).digest('hex').slice(0, ID_CHARS);
  }

  keepItem(id: string, json: Uint8Array): void {
    this.#items.keep(id, { json, bytes: json.length + ENTRY_BYTES });
  }

  keepTurn(id: string, turn: RememberedTurn): void {
    this.#turns.keep(id, { ...turn, bytes: turn.input.length + turn.answer.length + ENTRY_BYTES });
  }

  item(id: string): Uint8Array | undefined {
    return this.#items.use(id)?.json;
  }

  turn(id: string): RememberedTurn | undefined {
    return this.#turns.use(id);
  }

  /** All that led to this turn and itself, the first one first; undefined where one of them is not known. */
  turnsTo(id: string): readonly RememberedTurn[] | undefined {
    const ids: string[] = [];
    for (let at: string | undefined = id; at !== undefined; at = this.#turns.peek(at)?.previous) {
      if (this.#turns.peek(at) === undefined) return undefined;
      ids.push(at);
    }
    // The first one is used first, so that none outlives those that it goes on from.
    return ids.toReversed().flatMap((each) => this.#turns.use(each) ?? []);
  }

  /** False: there is none. */
  forget(id: string): boolean {
    for (const item of this.#turns.peek(id)?.itemIds ?? []) this.#items.delete(item);
    return this.#turns.delete(id);
  }

  clear(): void {
    this.#items.clear();
    this.#turns.clear();
  }
}
