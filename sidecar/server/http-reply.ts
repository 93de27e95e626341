/** The way back to one client over Node's response: at the client's pace, and never cut while it may still be reading. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Reply } from '#sidecar/pipeline/call';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { ClientGone } from '#sidecar/pipeline/scope/request-scope';

/** How long, and how many bytes of, a body that was refused are still taken in, so that the client can read why. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 64 * 1024 * 1024;
/** Has no length to state (RFC 9110, section 8.6). */
const NO_CONTENT = 204;
/** Answers up to this size fit the socket's buffers. */
const SMALL_BYTES = 64 * 1024;
/** Node joins a head with text but not with bytes, and one small write costs a third of two; Latin-1 is a character per byte. */
const ONE_WRITE_BYTES = 8 * 1024;

export interface HttpReplyOptions {
  readonly deadlines: Deadlines;
  /** The listener is closing: no further request on this connection. */
  readonly isLast: () => boolean;
  /** A client that reads nothing for so long is cut. */
  readonly stallLimitMs: number;
}

export class HttpReply implements Reply {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: HttpReplyOptions;

  constructor(request: IncomingMessage, response: ServerResponse, options: HttpReplyOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void {
    const response = this.#response;
    if (response.destroyed) return;
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    response.writeHead(status, this.#withFraming(headers, status === NO_CONTENT ? undefined : bytes));
    if (this.#request.complete) {
      if (typeof body === 'string' || bytes > ONE_WRITE_BYTES) response.end(body);
      else response.end(Buffer.from(body.buffer, body.byteOffset, bytes).toString('latin1'), 'latin1');
      if (bytes > SMALL_BYTES) this.#watchFlush();
    } else {
      this.#endAfterBody(body);
    }
  }

  start(status: number, headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(status, this.#withFraming(headers, undefined));
  }

  write(chunk: Uint8Array | string): boolean {
    return this.#response.destroyed || this.#response.write(chunk);
  }

  drained(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve, reject) => {
      const stalled = this.#options.deadlines.in(this.#options.stallLimitMs, () => {
        response.destroy();
        settle(new ClientGone('The client stopped reading.'));
      });
      const settle = (gone?: ClientGone): void => {
        this.#options.deadlines.cancel(stalled);
        response.off('drain', onDrain);
        response.off('close', onClose);
        if (gone === undefined) resolve();
        else reject(gone);
      };
      const onDrain = (): void => settle();
      const onClose = (): void => settle(new ClientGone());
      if (response.destroyed) return settle(new ClientGone());
      response.on('drain', onDrain);
      response.on('close', onClose);
    });
  }

  end(): void {
    this.#response.end();
  }

  cut(): void {
    this.#response.destroy();
  }

  #withFraming(headers: Readonly<Record<string, string>>, bytes: number | undefined): Record<string, string> {
    const framed: Record<string, string> = { ...headers };
    if (bytes !== undefined) framed['content-length'] = String(bytes);
    if (!this.#request.complete || this.#options.isLast()) framed.connection = 'close';
    return framed;
  }

  /**
   * The answer is out in full, but the client still sends. Closing now would reset the connection and could destroy the answer
   * before it is read, so the rest of the body is thrown away for a bounded time first.
   */
  #endAfterBody(body: Uint8Array | string): void {
    const request = this.#request;
    const response = this.#response;
    response.write(body);
    let thrownAway = 0;
    const finish = (): void => {
      this.#options.deadlines.cancel(limit);
      request.removeAllListeners('data');
      response.end();
    };
    const limit = this.#options.deadlines.in(LINGER_MS, finish);
    request.on('data', (chunk: Uint8Array) => {
      thrownAway += chunk.length;
      if (thrownAway > LINGER_BYTES) finish();
    });
    request.once('end', finish);
    request.once('close', finish);
    request.resume();
  }

  /** A large whole answer to a client that reads nothing is cut like a stalled stream. */
  #watchFlush(): void {
    const { deadlines, stallLimitMs } = this.#options;
    const response = this.#response;
    let left = response.writableLength;
    const check = (): void => {
      if (response.writableLength >= left) return void response.destroy();
      left = response.writableLength;
      next = deadlines.in(stallLimitMs, check);
    };
    let next = deadlines.in(stallLimitMs, check);
    response.once('close', () => deadlines.cancel(next));
  }
}
