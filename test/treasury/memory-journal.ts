/** A disk for one journal, in memory: it outlives the process that is killed, and can be full. */
import type { JournalFile } from '#sidecar/journal/journal-file';

export class MemoryDisk {
  text = '';
  full = false;
  /** Told of a torn write, before it throws: who wrote is dead. */
  onTorn: () => void = () => undefined;
  #tearAt: number | undefined;

  /** The next write stops after that share of its bytes, and so does whoever writes. */
  tearNext(share: number): void {
    this.#tearAt = share;
  }

  /** What a process sees of it until the test kills that process. */
  mount(): JournalFile {
    return {
      load: () => {
        this.#check();
        return this.text.slice(0, this.text.lastIndexOf('\n') + 1);
      },
      append: (text) => {
        this.#check();
        const share = this.#tearAt;
        this.#tearAt = undefined;
        // As the file on a disk does: a torn last line must not join the next one.
        const whole = this.text.slice(0, this.text.lastIndexOf('\n') + 1);
        this.text = whole + (share === undefined ? text : text.slice(0, Math.floor(text.length * share)));
        if (share === undefined) return;
        this.onTorn();
        throw new Error('killed');
      },
      replace: (text) => {
        this.#check();
        this.text = text;
      },
      close: () => undefined,
    };
  }

  #check(): void {
    if (this.full) throw new Error('ENOSPC: no space left on device');
  }
}
