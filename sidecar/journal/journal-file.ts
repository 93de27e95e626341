/** The bytes of a journal on a disk. Every call is synchronous: what returned survives a kill of the process. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface JournalFile {
  /** All that is there; empty when there is none yet. Throws when it cannot be read or will not be writable. */
  load(): string;
  /** All or nothing. Throws when the disk refuses. */
  append(text: string): void;
  /** Puts `text` in place of everything, atomically. */
  replace(text: string): void;
  close(): void;
}

export class DiskJournalFile implements JournalFile {
  readonly #path: string;
  #fd: number | undefined;
  #length = 0;
  /** Bytes of a failed write may stand behind the good ones. */
  #torn = false;

  constructor(path: string) {
    this.#path = path;
  }

  load(): string {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    this.#open();
    const bytes = readFileSync(this.#path);
    // A torn last line must not join the next one.
    this.#length = bytes.lastIndexOf(0x0a) + 1;
    this.#torn = bytes.length > this.#length;
    return bytes.toString('utf8');
  }

  append(text: string): void {
    const fd = this.#open();
    const bytes = Buffer.from(text);
    if (this.#torn) ftruncateSync(fd, this.#length);
    this.#torn = true;
    writeAll(fd, bytes);
    this.#torn = false;
    this.#length += bytes.length;
  }

  replace(text: string): void {
    const aside = `${this.#path}.new`;
    const fd = openSync(aside, 'w', 0o600);
    try {
      // Not forced to the disk, as no append is: what returned outlives a kill of the process; a node that lost its power may have lost any of it.
      writeAll(fd, Buffer.from(text));
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    renameSync(aside, this.#path);
    this.close();
    this.#length = Buffer.byteLength(text);
    this.#torn = false;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    this.#fd ??= openSync(this.#path, 'a', 0o600);
    return this.#fd;
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
