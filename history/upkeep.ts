/** What is done with a history once a day: what is too old is deleted, room is made for the time to come, and a file is copied. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS, dateOfDay, dayOf } from './days.ts';
import type { HistoryStore } from './history-store.ts';

export interface Backups {
  readonly folder: string;
  /** How many stay. */
  readonly keep: number;
}

type UpkeepTask = 'prune' | 'backup';

export interface UpkeepOptions {
  readonly store: Pick<HistoryStore, 'prune' | 'backup'>;
  readonly backups?: Backups | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Whether this process is the one of several that does it. Default: it is. */
  readonly due?: () => boolean;
  readonly onDone: (task: UpkeepTask, outcome: 'done' | 'failed') => void;
  readonly log: { warn(fields: object, message: string): void };
}

/** Of looks whether a day has passed; what failed is tried again as often. */
const LOOK_EVERY_MS = 15 * 60_000;

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #doneAtMs = new Map<UpkeepTask, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
    void this.look();
  }

  /** Does what has not been done for a day. One look at a time; never rejects. */
  look(): Promise<void> {
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #look(): Promise<void> {
    const { store, backups, due = () => true, now } = this.#options;
    if (!due()) return;
    await this.#daily('prune', async () => {
      await store.prune(now());
    });
    const copy = store.backup?.bind(store);
    if (backups !== undefined && copy !== undefined)
      await this.#daily('backup', () => backUp(copy, backups, dateOfDay(dayOf(now()))));
  }

  async #daily(task: UpkeepTask, work: () => Promise<void>): Promise<void> {
    const { now, onDone, log } = this.#options;
    if (now() - (this.#doneAtMs.get(task) ?? -Infinity) < DAY_MS) return;
    const at = now();
    try {
      await work();
      this.#doneAtMs.set(task, at);
      onDone(task, 'done');
    } catch (error) {
      onDone(task, 'failed');
      log.warn({ err: error, task }, 'the upkeep of the history failed and is tried again');
    }
  }
}

const PREFIX = 'remora-history-';
const COPY = new RegExp(`^${PREFIX}[0-9]{4}-[0-9]{2}-[0-9]{2}\\.sqlite$`);

/** A copy has its name only when it is whole. That of the day is there once, however often the process starts. */
async function backUp(copy: (file: string) => Promise<void>, { folder, keep }: Backups, date: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = `${PREFIX}${date}.sqlite`;
  const before = (await readdir(folder)).filter((file) => COPY.test(file));
  if (!before.includes(name)) {
    const unfinished = join(folder, `${PREFIX}unfinished`);
    await rm(unfinished, { force: true });
    await copy(unfinished);
    await rename(unfinished, join(folder, name));
  }
  const all = [...new Set([...before, name])].toSorted();
  for (const old of all.slice(0, -keep)) await rm(join(folder, old), { force: true });
}
