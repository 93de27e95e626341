/** What must be closed, in the reverse order of its opening; one part that fails does not keep the others open. */
import type { Logger } from './telemetry/log.ts';

export class Shutdown {
  readonly #log: Logger;
  #steps: (() => Promise<unknown>)[] = [];
  #closing: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.toReversed()) {
      await step().catch((error: unknown) => this.#log.warn({ err: error }, 'a part did not close cleanly'));
    }
    this.#steps = [];
  }
}
