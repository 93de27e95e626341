/** What the API server said of a token, believed for a while. Neither token nor name of a path is kept, only a digest of them. */
import { createHash } from 'node:crypto';

const TTL_MS = 60_000;
const MOST = 10_000;

export class RememberedReviews<T> {
  readonly #now: () => number;
  readonly #reviews = new Map<string, { readonly answer: Promise<T>; readonly until: number }>();

  /** `now` is monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Asks once a minute for the same words; what fails is forgotten at once. */
  of(words: readonly string[], ask: () => Promise<T>): Promise<T> {
    const key = createHash('sha256').update(JSON.stringify(words)).digest('base64');
    const known = this.#reviews.get(key);
    if (known && known.until > this.#now()) return known.answer;
    const answer = ask();
    this.#makeRoom();
    this.#reviews.set(key, { answer, until: this.#now() + TTL_MS });
    answer.catch(() => this.#reviews.delete(key));
    return answer;
  }

  #makeRoom(): void {
    if (this.#reviews.size < MOST) return;
    const oldest = this.#reviews.keys().next().value;
    if (oldest !== undefined) this.#reviews.delete(oldest);
  }
}
