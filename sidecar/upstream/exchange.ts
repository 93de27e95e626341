/** One request and its answer over undici's dispatch(): head as a promise, body as an iterator that pauses the socket when nobody reads. */
import type { Dispatcher } from 'undici';
import { faultOf, isClosedDoor } from './fault-of.ts';
import { type UpstreamBody, UpstreamFault, type UpstreamRequest, type UpstreamResponse } from './upstream.ts';

/** Unread bytes of one answer above which its socket is paused. */
const HIGH_WATER_BYTES = 64 * 1024;

/** What an exchange needs to know of its connection; undici does not say which one it picked. */
export interface Connection {
  /** Answers completed on the present socket. */
  answered: number;
}

const DONE: IteratorResult<Uint8Array> = { done: true, value: undefined };

export class Exchange implements Dispatcher.DispatchHandler, AsyncIterableIterator<Uint8Array>, UpstreamBody {
  readonly head: Promise<UpstreamResponse>;
  /** Set by the connection that takes the request. */
  connection: Connection | undefined;
  readonly #request: UpstreamRequest;
  readonly #sendAgain: (() => Promise<UpstreamResponse>) | undefined;
  #resolveHead: (response: UpstreamResponse | Promise<UpstreamResponse>) => void = () => {};
  #rejectHead: (fault: UpstreamFault) => void = () => {};
  #controller: Dispatcher.DispatchController | undefined;
  #started = false;
  #onUsedSocket = false;
  #answered = false;
  #ended = false;
  #fault: UpstreamFault | undefined;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  /** Of whoever waits for the next chunk. */
  #resolveNext: ((next: IteratorResult<Uint8Array>) => void) | undefined;
  #rejectNext: ((fault: UpstreamFault) => void) | undefined;

  /** `sendAgain` takes over, once, when no provider can have seen the request: it was lost to the idle-close race, or no connection stood. */
  constructor(request: UpstreamRequest, sendAgain?: () => Promise<UpstreamResponse>) {
    this.#request = request;
    this.#sendAgain = sendAgain;
    this.head = new Promise((resolve, reject) => {
      this.#resolveHead = resolve;
      this.#rejectHead = reject;
    });
    request.signal.addEventListener('abort', this.#onAbort);
    if (request.signal.aborted) this.#onAbort();
  }

  takeArrived(): readonly Uint8Array[] | undefined {
    if (!this.#ended) return undefined;
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#fault !== undefined) {
      controller.abort(this.#fault);
      return;
    }
    this.#started = true;
    this.#onUsedSocket = (this.connection?.answered ?? 0) > 0;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, rawHeaders: RawHeaders): void {
    this.#answered = true;
    if (status < 200) return;
    const headers = flatten(rawHeaders);
    const coding = headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity') {
      controller.abort(
        new UpstreamFault('protocol', true, 'The provider compressed its answer although it was asked not to.'),
      );
      return;
    }
    this.#resolveHead({ status, headers, body: this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const resolve = this.#resolveNext;
    if (resolve !== undefined) {
      this.#resolveNext = undefined;
      resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#bufferedBytes > HIGH_WATER_BYTES) controller.pause();
  }

  onResponseEnd(): void {
    this.#ended = true;
    if (this.connection !== undefined) this.connection.answered += 1;
    this.#release();
    this.#resolveNext?.(DONE);
    this.#resolveNext = undefined;
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(faultOf(error, this.#started));
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bufferedBytes -= chunk.length;
      if (this.#controller?.paused === true && this.#bufferedBytes <= HIGH_WATER_BYTES / 2) this.#controller.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#resolveNext = resolve;
      this.#rejectNext = reject;
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#ended) this.#onAbort();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** An arrow, so that one function object is both added and removed. */
  readonly #onAbort = (): void => {
    const fault = new UpstreamFault('aborted', this.#started, 'The exchange was ended by the gateway.');
    this.#controller?.abort(fault);
    this.#fail(fault);
  };

  #fail(fault: UpstreamFault): void {
    if (this.#fault !== undefined || this.#ended) return;
    this.#fault = fault;
    this.#release();
    const isUnseen = isClosedDoor(fault) || this.#isLostToIdleClose(fault);
    if (this.#sendAgain !== undefined && isUnseen) this.#resolveHead(this.#sendAgain());
    else this.#rejectHead(fault);
    // Of a chunk that came it changes nothing: a promise is settled once.
    this.#rejectNext?.(fault);
    this.#resolveNext = undefined;
  }

  /** A connection that had served before was closed under this request with no byte of an answer. */
  #isLostToIdleClose({ kind }: UpstreamFault): boolean {
    return this.#onUsedSocket && !this.#answered && kind === 'reset';
  }

  #release(): void {
    this.#request.signal.removeEventListener('abort', this.#onAbort);
  }
}

type RawHeaders = Record<string, string | string[] | undefined>;

const isFlat = (raw: RawHeaders): raw is Record<string, string> => {
  for (const name in raw) if (typeof raw[name] !== 'string') return false;
  return true;
};

/** As they are where none is repeated, as in nearly all answers. */
function flatten(raw: RawHeaders): Record<string, string> {
  if (isFlat(raw)) return raw;
  const headers: Record<string, string> = {};
  for (const name in raw) {
    const value = raw[name];
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}
