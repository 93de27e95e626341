/**
 * Decodes a byte stream into server-sent events (WHATWG HTML, section 9.2.6), with three deviations that LLM APIs need: a final block
 * counts without its blank line (a cut one is found by its JSON), an event whose data is empty says nothing, and an event has a size
 * limit. `id` and `retry` are of no use here.
 */
import { collect } from './collect.ts';
import { part } from './part.ts';
import type { SseEvent } from './sse-event.ts';

/** A picture of 4K comes in one line, and is some 10 MB in Base64. AWS allows its frames as much. */
export const MAX_SSE_EVENT_BYTES = 16 * 1024 * 1024;

/** One event is larger than the limit; the stream cannot go on. */
export class SseEventTooLarge extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`a server-sent event is larger than ${maxBytes} bytes`);
    this.name = 'SseEventTooLarge';
    this.maxBytes = maxBytes;
  }
}

const LF = 0x0a;
const CR = 0x0d;
const BOM = '\ufeff';
const NONE: readonly SseEvent[] = [];
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Incremental; the events depend on the bytes alone, never on how they are cut into chunks. */
export class SseDecoder {
  readonly #maxBytes: number;
  /** The bytes of a line whose end has not come yet. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** The last chunk ended in CR: an LF that follows belongs to it. */
  #afterCr = false;
  #atStart = true;
  #event = '';
  /** undefined: no line of it has come. */
  #data: string | undefined;
  #eventBytes = 0;
  #failure: SseEventTooLarge | undefined;

  constructor(maxBytes: number = MAX_SSE_EVENT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Set once an event is too large; what follows is not read. The events before it have been returned. */
  get failure(): SseEventTooLarge | undefined {
    return this.#failure;
  }

  push(chunk: Uint8Array): readonly SseEvent[] {
    const start = this.#afterCr && chunk[0] === LF ? 1 : 0;
    if (chunk.length > 0) this.#afterCr = false;
    const end = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR)) + 1;
    if (end <= start) {
      this.#keep(chunk.subarray(start));
      return NONE;
    }
    this.#afterCr = chunk.at(-1) === CR;
    const events = this.#readLines(this.#takePending(part(chunk, start, end)));
    if (end < chunk.length) this.#keep(chunk.subarray(end));
    return events;
  }

  /** What is left when the stream has ended. */
  end(): readonly SseEvent[] {
    const rest = this.#takePending(new Uint8Array(0));
    return this.#readLines(rest === '' ? '\n' : `${rest}\n\n`);
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#limit(this.#eventBytes + this.#pendingBytes);
    if (this.#failure !== undefined) this.#pending = [];
  }

  #limit(bytes: number): void {
    if (bytes > this.#maxBytes) this.#failure ??= new SseEventTooLarge(this.#maxBytes);
  }

  /** Line ends are ASCII, so bytes up to one never end within a character. */
  #takePending(last: Uint8Array): string {
    const text = UTF8.decode(this.#pendingBytes === 0 ? last : Buffer.concat([...this.#pending, last]));
    if (this.#pendingBytes > 0) this.#pending = [];
    this.#pendingBytes = 0;
    if (!this.#atStart || text === '') return text;
    this.#atStart = false;
    return text.startsWith(BOM) ? text.slice(1) : text;
  }

  #readLines(text: string): readonly SseEvent[] {
    let events: SseEvent[] | undefined;
    const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
    let start = 0;
    for (let end = lines.indexOf('\n'); end !== -1 && this.#failure === undefined; end = lines.indexOf('\n', start)) {
      if (end > start) this.#readLine(lines.slice(start, end));
      else events = this.#dispatch(events);
      start = end + 1;
    }
    return events ?? NONE;
  }

  #readLine(line: string): void {
    const bytes = this.#eventBytes + Buffer.byteLength(line);
    this.#limit(bytes);
    const colon = line.indexOf(':');
    if (colon === 0) return;
    this.#eventBytes = bytes;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    else if (field === 'event') this.#event = value;
  }

  #dispatch(events: SseEvent[] | undefined): SseEvent[] | undefined {
    const [event, data = ''] = [this.#event, this.#data];
    this.#event = '';
    this.#data = undefined;
    this.#eventBytes = 0;
    return data === '' ? events : collect(events, { event, data });
  }
}
