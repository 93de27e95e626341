/** A network without time: a message arrives, is lost or comes twice when the test says, in the order that the test says. */
import assert from 'node:assert/strict';

interface Message {
  readonly deliver: () => void;
  readonly lose: () => void;
}

export class Network {
  readonly #underway: Message[] = [];

  get isEmpty(): boolean {
    return this.#underway.length === 0;
  }

  deliver(which: number): void {
    this.#take(which)?.deliver();
  }

  lose(which: number): void {
    this.#take(which)?.lose();
  }

  /** Delivers now, and once more whenever the test says. False when nothing was underway. */
  duplicate(which: number): boolean {
    const message = this.#take(which);
    if (message === undefined) return false;
    message.deliver();
    this.#underway.push({ deliver: message.deliver, lose: () => undefined });
    return true;
  }

  /** Also what follows from it. `settle` runs what was delivered. */
  async deliverAll(settle: () => Promise<void>): Promise<void> {
    for (let round = 0; round < 10_000; round++) {
      await settle();
      if (this.isEmpty) return;
      for (const message of this.#underway.splice(0)) message.deliver();
    }
    assert.fail('the messages never end');
  }

  /** One way. */
  hop(): Promise<void> {
    return new Promise((resolve, reject) => this.#post(resolve, reject));
  }

  /** There and back again; each way may be lost, late, or doubled. */
  call<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = (): Promise<void> => work().then((value) => this.#post(() => resolve(value), reject), reject);
      this.#post(() => void answer(), reject);
    });
  }

  #post(deliver: () => void, reject: (error: Error) => void): void {
    this.#underway.push({ deliver, lose: () => reject(new Error('lost')) });
  }

  #take(which: number): Message | undefined {
    return this.#underway.splice(which % this.#underway.length, 1)[0];
  }
}
