/**
 * What this sidecar saw of who keeps what: ids that accounts gave out in answers, and batches whose usage was counted. Memory and no record: it ends with
 * the process, and other sidecars have their own.
 */
import type { CanonicalResponse } from '#sidecar/canonical/request';
import { NO_USAGE } from '#sidecar/canonical/usage';
import type { Answerer } from '#sidecar/pipeline/attempts/answer';
import type { DecodedRequest } from '#sidecar/pipeline/decode';

/** Ids of some forty characters: two megabytes at most. */
const MOST_IDS = 10_000;
/** Longer ids than any provider gives are not worth a place. */
const LONGEST_ID = 256;

export class Keepers {
  readonly #keeperOf = new Map<string, string>();
  readonly #counted = new Map<string, true>();

  /** The key of the AIProvider whose account gave out the id; undefined: not known here. */
  of(id: string): string | undefined {
    const keeper = this.#keeperOf.get(id);
    if (keeper !== undefined) refresh(this.#keeperOf, id, keeper);
    return keeper;
  }

  /** Who was seen with an id first keeps it: an answer of another account that names it would lead its conversations there. */
  learn(ids: readonly string[], keeper: string): void {
    for (const id of ids) {
      if (id === '' || id.length > LONGEST_ID) continue;
      refresh(this.#keeperOf, id, this.#keeperOf.get(id) ?? keeper);
    }
  }

  /** The answer, without the usage that an earlier one has told already. */
  countedOnce<R extends CanonicalResponse>(response: R): R {
    const { countedOnceAs: mark, usage } = response;
    if (mark === undefined || usage === undefined) return response;
    const isCounted = this.#counted.has(mark);
    refresh(this.#counted, mark, true);
    return isCounted ? { ...response, usage: NO_USAGE } : response;
  }
}

/** Before the answer leaves, since the client may go on with its id at once. */
export function learnKeeper({ kept }: Answerer, { dialect, request }: DecodedRequest, keepers: Keepers): void {
  if (kept !== undefined && dialect.keeping?.(request) !== undefined) keepers.learn(kept.ids, kept.keeper);
}

/** Maps keep the order of insertion: the first is the one that was of no use for longest. */
function refresh<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST_IDS) return;
  for (const [oldest] of map) {
    map.delete(oldest);
    return;
  }
}
