/** Reads a provider's stream as items: one server-sent event each, with its meaning and its bytes. */
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { MAX_SSE_EVENT_BYTES, SseDecoder } from '#sidecar/stream/decode-sse';
import type { UpstreamResponse } from '#sidecar/upstream/upstream';
import type { AttemptRecorder } from './attempt-recorder.ts';
import type { Candidate } from './candidate.ts';
import type { StreamItem } from './lanes/lane.ts';
import { SseBlocks } from './lanes/sse-blocks.ts';
import { failedInStream, malformed } from './upstream-failure.ts';

/** How long a finished stream may take to close its body, so that its connection can serve again. */
const LINGER_MS = 1_000;

export class ProviderStream {
  readonly #candidate: Candidate;
  readonly #log: AttemptRecorder;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #blocks = new SseBlocks();
  readonly #decoder = new SseDecoder();
  #state: unknown;
  #ended = false;
  #failure: Error | undefined;

  constructor(candidate: Candidate, response: UpstreamResponse, log: AttemptRecorder) {
    this.#candidate = candidate;
    this.#log = log;
    this.#chunks = response.body[Symbol.asyncIterator]();
    this.#state = candidate.provider.adapter.streamDecoder.start();
  }

  /**
   * The next items, at least one; null after the provider's mark of the end. Throws AttemptFailed when the stream breaks, after
   * the items before the break were returned, and whatever the body throws.
   */
  async read(): Promise<readonly StreamItem[] | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return null;
      const next = await this.#chunks.next();
      const blocks = next.done === true ? [this.#blocks.rest()] : this.#blocks.push(next.value);
      const items = this.#readBlocks(blocks, next.done === true);
      this.#findEnd(next.done === true);
      if (items.length > 0) return items;
    }
  }

  /** Lets a finished body run out in the background, for a bounded time; a body that goes on is cut. */
  release(deadlines: Deadlines): void {
    const cut = deadlines.in(LINGER_MS, () => void this.#chunks.return?.());
    this.#runOut()
      .catch(() => {})
      .finally(() => deadlines.cancel(cut));
  }

  async #runOut(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }

  #readBlocks(blocks: readonly Uint8Array[], atEnd: boolean): StreamItem[] {
    const items: StreamItem[] = [];
    for (const raw of blocks) {
      const events = this.#readBlock(raw, atEnd);
      if (this.#failure !== undefined) break;
      // Even a block without meaning is passed on: a comment keeps the client's connection alive.
      if (raw.length > 0) items.push({ events, raw });
      if (this.#ended) break;
    }
    return items;
  }

  #readBlock(raw: Uint8Array, atEnd: boolean): readonly StreamEvent[] {
    const decoded = this.#decoder.push(raw);
    if (atEnd) decoded.push(...this.#decoder.end());
    const events: StreamEvent[] = [];
    for (const sse of decoded) {
      const [state, stepped] = this.#candidate.provider.adapter.streamDecoder.step(this.#state, sse);
      this.#state = state;
      for (const event of stepped) this.#take(event, events);
    }
    return events;
  }

  #take(event: StreamEvent, events: StreamEvent[]): void {
    if (this.#ended || this.#failure !== undefined) return;
    if (event.type === 'error') {
      this.#failure = failedInStream(this.#candidate, event.error);
      return;
    }
    if (event.type === 'response-end') this.#ended = true;
    this.#log.observe(event);
    events.push(event);
  }

  #findEnd(atEnd: boolean): void {
    if (this.#ended || this.#failure !== undefined) return;
    if (this.#decoder.failure !== undefined || this.#blocks.carriedBytes > MAX_SSE_EVENT_BYTES) {
      this.#failure = malformed(this.#candidate, `An event of the stream is over ${MAX_SSE_EVENT_BYTES} bytes.`);
    } else if (atEnd) {
      this.#failure = malformed(this.#candidate, 'The stream ended before the provider marked its end.');
    }
  }
}
