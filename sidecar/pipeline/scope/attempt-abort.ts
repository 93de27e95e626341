/** Ends one exchange. Its exchange is the only listener it ever has. */
import type { CancelSignal } from '#sidecar/upstream/upstream';

export class AttemptAbort implements CancelSignal {
  aborted = false;
  #listener: (() => void) | undefined;

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#listener?.();
  }

  /** A retry on a fresh connection takes the place of the exchange before it. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
  }
}
