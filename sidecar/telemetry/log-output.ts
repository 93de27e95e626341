/** Standard output for log lines, many to one system call: at a thousand requests per second a call per line costs more than the line. */
import { writeSync } from 'node:fs';
import { type DestinationStream, pino } from 'pino';

/** How long a line may wait for others. */
const WAIT_MS = 50;
/** Waiting lines are handed over when no more fit. */
const BATCH_BYTES = 32 * 1024;
/** Of one UTF-16 unit in UTF-8. */
const MOST_BYTES_PER_UNIT = 3;
/** What is handed over and not taken is dropped above this, so that a stuck reader costs no memory. */
const MOST_UNTAKEN_BYTES = 4 * 1024 * 1024;

/** An idle output wakes nobody; what still waits is written when the process exits. */
export class LogOutput implements DestinationStream {
  readonly #fd: number;
  readonly #output: ReturnType<typeof pino.destination>;
  /** Bytes, since a line is made of many small strings that would all be kept until it is joined. */
  readonly #batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
  #batched = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Something was handed over and is not written yet. */
  #isWriting = false;
  #onWritten: (() => void) | undefined;

  constructor(fd: number) {
    this.#fd = fd;
    this.#output = pino.destination({
      fd,
      sync: false,
      contentMode: 'buffer',
      maxWrite: 2 * BATCH_BYTES,
      maxLength: MOST_UNTAKEN_BYTES,
    });
    this.#output.on('drain', this.#written);
    process.once('exit', this.#lastWords);
  }

  write(line: string): void {
    if (this.#batched + line.length * MOST_BYTES_PER_UNIT > BATCH_BYTES) this.#handOver();
    if (line.length * MOST_BYTES_PER_UNIT > BATCH_BYTES) {
      this.#give(Buffer.from(line));
      return;
    }
    this.#batched += this.#batch.write(line, this.#batched);
    this.#timer ??= setTimeout(this.#handOver, WAIT_MS);
  }

  /** Resolves when all lines so far are written; a reader that does not read makes it wait. */
  async flushed(): Promise<void> {
    this.#handOver();
    if (!this.#isWriting) return;
    await new Promise<void>((resolve) => {
      this.#onWritten = resolve;
    });
  }

  readonly #handOver = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batched > 0) this.#give(Buffer.from(this.#batch.subarray(0, this.#batched)));
    this.#batched = 0;
  };

  #give(lines: Buffer): void {
    this.#isWriting = true;
    // Its type knows text alone, while its mode takes bytes.
    this.#output.write(lines as unknown as string);
  }

  readonly #written = (): void => {
    this.#isWriting = false;
    this.#onWritten?.();
  };

  /** Nothing asynchronous happens any more. */
  readonly #lastWords = (): void => {
    try {
      if (this.#batched > 0) writeSync(this.#fd, this.#batch, 0, this.#batched);
    } catch {
      // Nobody reads, so that nobody can be told.
    }
  };
}
