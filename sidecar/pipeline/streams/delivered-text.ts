/** What of a streamed answer another model could go on from: its text, as long as there is nothing else in it that must not be lost or said twice. */
import type { StreamEvent } from '#sidecar/canonical/stream-event';

/** A longer beginning costs more to send again than to ask anew. */
const MOST_CHARS = 256 * 1024;

export class DeliveredText {
  #text = '';
  #isLost = false;

  observe(event: StreamEvent): void {
    if (this.#isLost) return;
    switch (event.type) {
      case 'text-delta':
        this.#text += event.text;
        if (event.choice !== 0 || this.#text.length > MOST_CHARS) this.#lose();
        break;
      case 'response-start':
      case 'reasoning-delta':
      case 'members':
      case 'usage':
        break;
      // A call, a proof, a refusal, a picture, an end: no other model can take those over.
      default:
        this.#lose();
    }
  }

  #lose(): void {
    this.#isLost = true;
    this.#text = '';
  }

  /** As it can be sent: without white space at its end, which APIs refuse. undefined: it cannot be gone on from. */
  get beginning(): string | undefined {
    const text = this.#text.trimEnd();
    return text === '' ? undefined : text;
  }

  /** White space was delivered at the end: what goes on must not bring its own. */
  get endsInSpace(): boolean {
    return this.#text !== this.#text.trimEnd();
  }
}
