/** The way back of a job: what a client would have got is collected, whole or not at all. */
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Reply } from '#sidecar/pipeline/call';

export interface Collected {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export class CollectedReply implements Reply {
  /** Never: until it is complete, an error can take the place of what came. */
  readonly started = false;
  readonly #limitBytes: number;
  #head: Omit<Collected, 'body'> | undefined;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #collected: Collected | undefined;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** undefined until it is complete. */
  get collected(): Collected | undefined {
    return this.#collected;
  }

  /** Throws `job_result_too_large`; the error that follows from it is taken, however small the limit is. */
  whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void {
    const isRefused = this.#bytes > this.#limitBytes;
    this.start(status, headers);
    if (isRefused) this.#chunks.push(bytesOf(body));
    else this.write(body);
    this.end();
  }

  start(status: number, headers: Readonly<Record<string, string>>): void {
    this.#head = { status, headers };
    this.#chunks = [];
    this.#bytes = 0;
  }

  /** Throws `job_result_too_large`. */
  write(chunk: Uint8Array | string): boolean {
    const bytes = bytesOf(chunk);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#limitBytes) throw tooLarge(this.#limitBytes);
    this.#chunks.push(bytes);
    return true;
  }

  async drained(): Promise<void> {}

  end(): void {
    if (this.#head !== undefined) this.#collected = { ...this.#head, body: Buffer.concat(this.#chunks) };
  }

  cut(): void {
    this.#collected = undefined;
  }
}

/** A copy: what a provider sent stands in a buffer that is used again. */
const bytesOf = (chunk: Uint8Array | string): Uint8Array => Buffer.from(chunk);

const tooLarge = (limitBytes: number): RemoraError =>
  new RemoraError({
    code: 'job_result_too_large',
    message: `The answer is over the ${limitBytes} bytes that are kept of one job. Ask for less, or send the request without x-remora-callback.`,
  });
