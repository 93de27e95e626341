/** The bound on all bytes of requests and of results of jobs that the process holds at one time: past it a request is refused, instead of the process being killed. */
import type { ServerResponse } from 'node:http';
import { RemoraError } from '#sidecar/errors/remora-error';

const RETRY_MS = 1_000;

export class RetainedBytes {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when the bound would be passed; then nothing is taken. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  /** For what is told with this response: counted until it has left or its reader has. What is returned throws `overloaded`. */
  holdUntilClosed(response: ServerResponse): (bytes: number) => void {
    return (bytes) => {
      if (response.closed) return;
      if (!this.take(bytes)) throw overloaded();
      response.once('close', () => this.give(bytes));
    };
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }

  get held(): number {
    return this.#held;
  }
}

export const overloaded = (): RemoraError => refused('holds as many bytes of requests and results');

export const tooManyRequests = (): RemoraError => refused('has as many requests under way');

const refused = (full: string): RemoraError =>
  new RemoraError({
    code: 'overloaded',
    message: `This sidecar ${full} as it may. Retry after a second.`,
    retryAfterMs: RETRY_MS,
  });
