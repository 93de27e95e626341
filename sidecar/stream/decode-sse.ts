/**
 * Decodes a byte stream into server-sent events (WHATWG HTML, section 9.2.6), with three deviations that LLM APIs need: a final block
 * counts without its blank line (a cut one is found by its JSON), an event whose data is empty says nothing, and an event has a size
 * limit. `id` and `retry` are of no use here.
 */
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
  #data: string[] = [];
  #eventBytes = 0;
  #failure: SseEventTooLarge | undefined;

  constructor(maxBytes: number = MAX_SSE_EVENT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Set once an event is too large; what follows is not read. The events before it have been returned. */
  get failure(): SseEventTooLarge | undefined {
    return this.#failure;
  }

  push(chunk: Uint8Array): SseEvent[] {
    const start = this.#afterCr && chunk[0] === LF ? 1 : 0;
    if (chunk.length > 0) this.#afterCr = false;
    const end = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR)) + 1;
    if (end <= start) {
      this.#keep(chunk.subarray(start));
      return [];
    }
    this.#afterCr = chunk.at(-1) === CR;
    const events = this.#readLines(this.#takePending(chunk.subarray(start, end)));
    this.#keep(chunk.subarray(end));
    return events;
  }

  /** What is left when the stream has ended. */
  end(): SseEvent[] {
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
    const text = UTF8.decode(this.#pending.length === 0 ? last : Buffer.concat([...this.#pending, last]));
    this.#pending = [];
    this.#pendingBytes = 0;
    if (!this.#atStart || text === '') return text;
    this.#atStart = false;
    return text.startsWith(BOM) ? text.slice(1) : text;
  }

  #readLines(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    const lines = text.includes('\r') ? text.split(/\r\n|\n|\r/) : text.split('\n');
    for (let index = 0; index < lines.length - 1 && this.#failure === undefined; index += 1) {
      const event = this.#readLine(lines[index] ?? '');
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #readLine(line: string): SseEvent | undefined {
    if (line === '') return this.#dispatch();
    const bytes = this.#eventBytes + Buffer.byteLength(line);
    this.#limit(bytes);
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    this.#eventBytes = bytes;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    return undefined;
  }

  #dispatch(): SseEvent | undefined {
    const event = { event: this.#event, data: this.#data.join('\n') };
    this.#event = '';
    this.#data = [];
    this.#eventBytes = 0;
    return event.data === '' ? undefined : event;
  }
}
