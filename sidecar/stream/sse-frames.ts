/** Server-sent events as frames: each ends with its blank line, so that it is passed on whole or not at all. */
import { collect } from './collect.ts';
import { MAX_SSE_EVENT_BYTES, SseDecoder } from './decode-sse.ts';
import type { Frame, FrameReader } from './framing.ts';
import { SseBlocks } from './sse-blocks.ts';

const NONE: readonly Frame[] = [];

class SseFrameReader implements FrameReader {
  readonly #blocks = new SseBlocks();
  readonly #decoder = new SseDecoder();

  push(chunk: Uint8Array): readonly Frame[] {
    let frames: Frame[] | undefined;
    for (const raw of this.#blocks.push(chunk)) {
      const events = this.#decoder.push(raw);
      if (this.#decoder.failure !== undefined) break;
      frames = collect(frames, { raw, events });
    }
    return frames ?? NONE;
  }

  end(): Frame[] {
    const raw = this.#blocks.rest();
    const events = [...this.#decoder.push(raw), ...this.#decoder.end()];
    return raw.length === 0 && events.length === 0 ? [] : [{ raw, events }];
  }

  get failure(): string | undefined {
    const isTooLarge = this.#decoder.failure !== undefined || this.#blocks.carriedBytes > MAX_SSE_EVENT_BYTES;
    return isTooLarge ? `An event of the stream is over ${MAX_SSE_EVENT_BYTES} bytes.` : undefined;
  }
}

export const sseFrames = (): FrameReader => new SseFrameReader();
