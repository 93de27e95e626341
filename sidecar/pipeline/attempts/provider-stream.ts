/** Reads a provider's stream as items: one frame each, with its meaning and its bytes. */
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { collect } from '#sidecar/stream/collect';
import type { Frame, FrameReader } from '#sidecar/stream/framing';
import type { SseEvent } from '#sidecar/stream/sse-event';
import type { UpstreamResponse } from '#sidecar/upstream/upstream';
import type { StreamReading } from '#sidecar/wires/wire';
import type { AttemptRecorder } from './attempt-recorder.ts';
import type { Candidate } from './candidate.ts';
import type { OpenStream } from './committed-source.ts';
import type { StreamItem } from './lanes/lane.ts';
import type { Exchange } from './send-attempt.ts';
import { failedInAnswer, malformed } from './upstream-failure.ts';

/** How long a finished stream may take to close its body, so that its connection can serve again. */
const LINGER_MS = 1_000;
const NO_BYTES = new Uint8Array();
const NO_ITEMS: readonly StreamItem[] = [];
const NO_EVENTS: readonly StreamEvent[] = [];

/** A body's reader, ready, and what its events mean. */
interface OpenReading {
  readonly reader: FrameReader;
  readonly streamDecoder: StreamReading['streamDecoder'];
}

export class ProviderStream implements OpenStream {
  readonly #candidate: Candidate;
  readonly #log: AttemptRecorder;
  readonly #head: Pick<UpstreamResponse, 'headers'>;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #reader: FrameReader;
  readonly #decoder: StreamReading['streamDecoder'];
  #state: unknown;
  #ended = false;
  #failure: Error | undefined;

  /** The reader of the wire's framing comes ready, since it may have to be loaded first. */
  constructor({ plan, log }: Exchange, response: UpstreamResponse, { reader, streamDecoder }: OpenReading) {
    this.#candidate = plan.candidate;
    this.#log = log;
    this.#head = response;
    this.#chunks = response.body[Symbol.asyncIterator]();
    this.#reader = reader;
    this.#decoder = streamDecoder;
    this.#state = streamDecoder.start();
  }

  /** null after the provider's mark of the end. */
  read(): Promise<readonly StreamItem[] | null> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(null);
    return this.#chunks.next().then(this.#take);
  }

  /** Of the next chunk what is complete, or of those that follow. A chain of promises, since an async function would leave more garbage with each chunk. */
  readonly #take = (
    next: IteratorResult<Uint8Array>,
  ): readonly StreamItem[] | Promise<readonly StreamItem[] | null> => {
    const isOver = next.done === true;
    const items = isOver ? this.#readEnd() : this.#readFrames(this.#reader.push(next.value));
    this.#findFault(isOver);
    return items.length > 0 ? items : this.read();
  };

  release(deadlines: Deadlines): void {
    const cut = deadlines.in(LINGER_MS, () => void this.#chunks.return?.());
    this.#runOut()
      .catch(() => {})
      .finally(() => deadlines.cancel(cut));
  }

  async #runOut(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }

  #readEnd(): readonly StreamItem[] {
    const items = this.#readFrames(this.#reader.end());
    if (this.#ended || this.#failure !== undefined) return items;
    const events = this.#keep(this.#decoder.end?.(this.#state) ?? []);
    return events.length === 0 ? items : [...items, { events, raw: NO_BYTES }];
  }

  #readFrames(frames: readonly Frame[]): readonly StreamItem[] {
    let items: StreamItem[] | undefined;
    for (const frame of frames) {
      const events = this.#decode(frame);
      if (this.#failure !== undefined) break;
      // Even a frame without meaning is passed on: a comment keeps the client's connection alive.
      const item = { events, raw: frame.raw };
      this.#log.delivered(item);
      items = collect(items, item);
      if (this.#ended) break;
    }
    return items ?? NO_ITEMS;
  }

  #decode({ events }: Frame): readonly StreamEvent[] {
    const [first] = events;
    if (first === undefined) return NO_EVENTS;
    return events.length === 1 ? this.#step(first) : events.flatMap((event) => this.#step(event));
  }

  #step(event: SseEvent): readonly StreamEvent[] {
    const [state, stepped] = this.#decoder.step(this.#state, event);
    this.#state = state;
    return this.#keep(stepped);
  }

  /** What of the decoded events counts: nothing after the end or a failure, and a failure not as an event. */
  #keep(decoded: readonly StreamEvent[]): readonly StreamEvent[] {
    let kept = 0;
    for (const event of decoded) {
      if (this.#ended || this.#failure !== undefined) break;
      if (event.type === 'error') {
        this.#failure = failedInAnswer(this.#candidate, event.error, this.#head);
        break;
      }
      if (event.type === 'response-end') this.#ended = true;
      this.#log.observe(event);
      kept += 1;
    }
    return kept === decoded.length ? decoded : decoded.slice(0, kept);
  }

  #findFault(atEnd: boolean): void {
    if (this.#ended || this.#failure !== undefined) return;
    const { failure } = this.#reader;
    if (failure !== undefined) this.#failure = malformed(this.#candidate, failure);
    else if (atEnd) this.#failure = malformed(this.#candidate, 'The stream ended before the provider marked its end.');
  }
}
