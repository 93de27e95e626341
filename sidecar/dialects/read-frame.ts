/** Frames that have passed as they came, read again: for what only their API says. */
import type { JsonObject } from '#sidecar/canonical/json';
import { isJsonObject, parseJson } from '#sidecar/json/body';
import { SseDecoder } from '#sidecar/stream/decode-sse';

/** Those of its events that are JSON objects. */
export function readFrame(raw: Uint8Array): JsonObject[] {
  const decoder = new SseDecoder();
  return [...decoder.push(raw), ...decoder.end()].map(({ data }) => parseJson(data)).filter(isJsonObject);
}

/** Whether the frame has these bytes of JSON. A text with its quotes is no part of what a model wrote: there quotes are escaped. */
export const says = (raw: Uint8Array, text: Buffer): boolean =>
  (raw instanceof Buffer ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.length)).includes(text);

/** The last frame that meant something. */
export class LastFrame {
  #raw: Uint8Array | undefined;

  passed({ events, raw }: { readonly events: readonly unknown[]; readonly raw: Uint8Array }): void {
    if (events.length > 0) this.#raw = raw;
  }

  /** Empty where none has passed. */
  read(): JsonObject {
    return (this.#raw && readFrame(this.#raw).at(-1)) ?? {};
  }
}
