/** Ends a Messages stream: closes the blocks that are open, and says that the maximum of tokens is reached. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { PassedFrame, StreamEnder } from '#sidecar/dialects/dialect';
import { readFrame, says } from '#sidecar/dialects/read-frame';
import { isJsonObject } from '#sidecar/json/body';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { encodeStop } from './stop-reason.ts';
import { blockStop, frame } from './stream-frames.ts';

const DELTA = Buffer.from('"content_block_delta"');

export const streamEnder = (): StreamEnder => new MessageEnder();

class MessageEnder implements StreamEnder {
  readonly #open = new Set<number>();
  #usage: JsonObject = { output_tokens: 0 };

  passed({ raw }: PassedFrame): void {
    // Nearly all frames are pieces of a block that is open before and after.
    if (!says(raw, DELTA)) for (const event of readFrame(raw)) this.#see(event);
  }

  end(): readonly SseEvent[] {
    return [
      ...[...this.#open].map(blockStop),
      frame('message_delta', { delta: encodeStop('length', undefined), usage: this.#usage }),
      frame('message_stop'),
    ];
  }

  #see({ type, index, message }: JsonObject): void {
    if (type === 'content_block_start') this.#open.add(Number(index));
    else if (type === 'content_block_stop') this.#open.delete(Number(index));
    else if (isJsonObject(message) && isJsonObject(message.usage)) this.#usage = { ...this.#usage, ...message.usage };
  }
}
