/** Calls to the API server: each way takes until the world says, and may fail after it was done. */
interface Hop {
  readonly pass: () => void;
  readonly fail: () => void;
}

class Unreachable extends Error {}

export class Hops {
  readonly #waiting: Hop[] = [];

  get underway(): number {
    return this.#waiting.length;
  }

  hop(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pass: resolve, fail: () => reject(new Unreachable('the API server did not answer')) });
    });
  }

  pass(which: number): void {
    this.#waiting.splice(which % this.#waiting.length, 1)[0]?.pass();
  }

  fail(which: number): void {
    this.#waiting.splice(which % this.#waiting.length, 1)[0]?.fail();
  }
}
