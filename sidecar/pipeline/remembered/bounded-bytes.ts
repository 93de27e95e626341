/** What is kept in memory under ids, within a number and a sum of bytes: what is over goes, that which was of no use for longest first. */

export interface Sized {
  readonly bytes: number;
}

export class BoundedBytes<V extends Sized> {
  readonly #most: number;
  readonly #mostBytes: number;
  /** In the order of their last use. */
  readonly #values = new Map<string, V>();
  #bytes = 0;

  constructor(most: number, mostBytes: number) {
    this.#most = most;
    this.#mostBytes = mostBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Is no use of it. */
  peek(id: string): V | undefined {
    return this.#values.get(id);
  }

  use(id: string): V | undefined {
    const value = this.#values.get(id);
    if (value === undefined) return undefined;
    this.#values.delete(id);
    this.#values.set(id, value);
    return value;
  }

  /** How many others had to go for it. What is larger than all together may be is not kept. */
  keep(id: string, value: V): number {
    this.delete(id);
    if (value.bytes > this.#mostBytes) return 0;
    this.#values.set(id, value);
    this.#bytes += value.bytes;
    let gone = 0;
    for (const oldest of this.#isOver ? this.#values.keys() : []) {
      this.delete(oldest);
      gone += 1;
      if (!this.#isOver) break;
    }
    return gone;
  }

  get #isOver(): boolean {
    return this.#values.size > this.#most || this.#bytes > this.#mostBytes;
  }

  delete(id: string): boolean {
    this.#bytes -= this.#values.get(id)?.bytes ?? 0;
    return this.#values.delete(id);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }
}
