/** A disk for one journal, in memory: it outlives the process that is killed, and can be full. */
import type { JournalFile } from '#sidecar/journal/journal-file';

export class MemoryDisk {
  text = '';
  full = false;

  /** What a process sees of it until the test kills that process. */
  mount(): JournalFile {
    return {
      load: () => {
        this.#check();
        return this.text.slice(0, this.text.lastIndexOf('\n') + 1);
      },
      append: (text) => {
        this.#check();
        this.text += text;
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
