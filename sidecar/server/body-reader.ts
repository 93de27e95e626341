/** Reads one request body into memory, within the limit of one request and the bound of the process. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { BodySource } from '#sidecar/pipeline/call';
import { ClientGone } from '#sidecar/pipeline/scope/request-scope';
import { overloaded, type RetainedBytes } from './retained-bytes.ts';

const EMPTY = new Uint8Array();
/** From here on a body goes to its place as it comes, where its length is declared: joined at the end it would be there twice. */
const PLACED_BYTES = 256 * 1024;

export interface BodyReaderOptions {
  readonly limitBytes: number;
  readonly retained: RetainedBytes;
  /** The client waits for `100 Continue`; it gets it here, once the head was accepted. */
  readonly expectsContinue: boolean;
}

export class BodyReader implements BodySource {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: BodyReaderOptions;
  #first: Uint8Array | undefined;
  #more: Uint8Array[] | undefined;
  /** Of a large body. */
  #whole: Buffer | undefined;
  #received = 0;
  #taken = 0;
  #weight = 0;
  #resolve: (body: Uint8Array) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(request: IncomingMessage, response: ServerResponse, options: BodyReaderOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  read(): Promise<Uint8Array> {
    const declared = Number(this.#request.headers['content-length'] ?? 0);
    // Judged by what is declared before anything arrives, so that a refusal costs no memory.
    this.#admit(declared);
    if (declared > PLACED_BYTES) this.#whole = Buffer.allocUnsafeSlow(declared);
    if (this.#options.expectsContinue) this.#response.writeContinue();
    const body = new Promise<Uint8Array>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#request.on('data', this.#onData);
    this.#request.on('end', this.#onEnd);
    this.#request.on('close', this.#onClose);
    return body;
  }

  /** Ends the reading from outside: the body is misframed or late. Without effect once it is complete. */
  fail(error: Error): void {
    this.#request.off('data', this.#onData);
    this.#first = undefined;
    this.#more = undefined;
    this.#whole = undefined;
    this.#reject(error);
  }

  retain(bytes: number): void {
    this.#admit(this.#received + bytes, 'The body and the conversation that it goes on from are');
  }

  weigh(bytes: number): void {
    if (bytes <= this.#weight) return;
    if (!this.#options.retained.take(bytes - this.#weight)) throw overloaded();
    this.#weight = bytes;
  }

  release(): void {
    this.#options.retained.give(this.#taken + this.#weight);
    this.#taken = 0;
    this.#weight = 0;
    this.#first = undefined;
    this.#more = undefined;
    this.#whole = undefined;
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#received += chunk.length;
    try {
      this.#admit(this.#received);
    } catch (error) {
      this.fail(RemoraError.from(error));
      return;
    }
    if (this.#whole !== undefined) this.#whole.set(chunk, this.#received - chunk.length);
    else if (this.#first === undefined) this.#first = chunk;
    else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
  };

  readonly #onEnd = (): void =>
    this.#resolve(
      this.#whole ?? (this.#more === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#received)),
    );

  readonly #onClose = (): void => {
    if (!this.#request.complete) this.fail(new ClientGone());
  };

  #admit(bytes: number, what = 'The body is'): void {
    const { limitBytes, retained } = this.#options;
    if (bytes > limitBytes) {
      throw new RemoraError({
        code: 'body_too_large',
        message: `${what} over ${limitBytes} bytes. Send less, or have the limit raised.`,
      });
    }
    if (bytes <= this.#taken) return;
    if (!retained.take(bytes - this.#taken)) throw overloaded();
    this.#taken = bytes;
  }
}
