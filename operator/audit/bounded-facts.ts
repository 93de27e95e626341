/** Facts that wait for the history, in order and within a bound: for a new one the oldest go. */
import type { AuditFact } from '#contract/history/audit';

const MOST_FACTS = 10_000;
const MOST_BYTES = 32 * 2 ** 20;
/** Of one write. */
const TOGETHER = { facts: 200, bytes: 4 * 2 ** 20 } as const;

interface Waiting {
  readonly fact: AuditFact;
  readonly bytes: number;
}

export class BoundedFacts {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get size(): number {
    return this.#waiting.length;
  }

  /** Returns how many had to go for it. */
  push(fact: AuditFact): number {
    const bytes = JSON.stringify(fact).length;
    this.#waiting.push({ fact, bytes });
    this.#bytes += bytes;
    let gone = 0;
    while (this.#waiting.length > MOST_FACTS || (this.#bytes > MOST_BYTES && this.#waiting.length > 1)) {
      this.#forget(1);
      gone += 1;
    }
    return gone;
  }

  /** The oldest, as many as are written together; empty: none waits. They stay until they are taken off. */
  next(): readonly AuditFact[] {
    let bytes = 0;
    const fits = this.#waiting.slice(0, TOGETHER.facts).findIndex((one, index) => {
      bytes += one.bytes;
      return index > 0 && bytes > TOGETHER.bytes;
    });
    return this.#waiting.slice(0, fits < 0 ? TOGETHER.facts : fits).map(({ fact }) => fact);
  }

  /** Those that are kept now, as far as they still wait. */
  takeOff(facts: readonly AuditFact[]): void {
    const kept = new Set(facts);
    const rest = this.#waiting.findIndex(({ fact }) => !kept.has(fact));
    this.#forget(rest < 0 ? this.#waiting.length : rest);
  }

  #forget(count: number): void {
    for (const { bytes } of this.#waiting.splice(0, count)) this.#bytes -= bytes;
  }
}
