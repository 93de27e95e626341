/** What was used and cost goes out of the journal into a history in the folder of the state, by the engine of clusters. */
import { historyFile } from '#cli/files/state-folder';
import { type HistoryStore, RETENTION } from '#history/history-store';
import { SQLITE_HISTORY } from '#history/sqlite/sqlite-history';
import { Upkeep } from '#history/upkeep';
import type { SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { MAX_RECORDS } from '#sidecar/budget/journal-state';
import { REAL_TIMERS, type Timers, withDeadline } from '#sidecar/time/timers';

const KEEP_EVERY_MS = 1_000;
const MOST_ROWS = 500;
/** As many rows as a journal keeps. */
const MOST_BATCHES = Math.ceil(MAX_RECORDS / MOST_ROWS);
/** What is not kept by then stays in the journal for the next start. */
const CLOSE_WITHIN_MS = 5_000;

export interface UsageKeeperOptions {
  readonly store: Pick<HistoryStore, 'append' | 'prune' | 'backup' | 'close'>;
  readonly gate: Pick<SidecarBudgetGate, 'records' | 'acknowledge'>;
  /** Whatever the user should know. */
  readonly say: (text: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly timers: Timers;
}

export class UsageKeeper {
  readonly #options: UsageKeeperOptions;
  readonly #upkeep: Upkeep;
  readonly #stopLooking: () => void;
  #keeping: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: UsageKeeperOptions) {
    const { store, say, now, timers } = options;
    this.#options = options;
    const log = { warn: (fields: object, message: string) => say(`${message}: ${causeOf(fields)}`) };
    this.#upkeep = new Upkeep({ store, now, log, onDone: () => undefined });
    this.#upkeep.start();
    this.#stopLooking = timers.every(KEEP_EVERY_MS, () => void this.keep());
  }

  /** All that is in the journal, one batch at a time. Never rejects: what cannot be kept stays there. */
  keep(): Promise<void> {
    this.#keeping ??= this.#keep().finally(() => {
      this.#keeping = undefined;
    });
    return this.#keeping;
  }

  /** Keeps what came last. The journal must be open still. */
  async close(): Promise<void> {
    const { store, timers } = this.#options;
    this.#stopLooking();
    const last = async (): Promise<void> => {
      await this.#keeping;
      await this.keep();
      await this.#upkeep.close();
      await store.close();
    };
    await withDeadline(timers, CLOSE_WITHIN_MS, last()).catch(() => undefined);
  }

  async #keep(): Promise<void> {
    const { gate, say } = this.#options;
    try {
      for (let batch = 0; batch < MOST_BATCHES; batch++) {
        const rows = gate.records(MOST_ROWS);
        if (rows.length === 0) break;
        await this.#keepRows(rows);
      }
      if (this.#isFailing) say('Usage is kept again.');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) say(`Usage waits in the journal, since it cannot be kept: ${messageOf(error)}`);
      this.#isFailing = true;
    }
  }

  async #keepRows(rows: ReturnType<SidecarBudgetGate['records']>): Promise<void> {
    const { gate, store, say, now } = this.#options;
    const { bad, fault } = await store.append(rows, now());
    if (bad > 0) say(`${bad} attempts are not in the history: ${fault}`);
    for (const [instance, seq] of new Map(rows.map((row) => [row.instance, row.seq]))) gate.acknowledge(instance, seq);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const causeOf = (fields: object): string => messageOf('err' in fields ? fields.err : '');

/** Never throws: budgets hold without it, and what is wrong is said. */
export function keepUsage(folder: string, { gate, say }: Pick<UsageKeeperOptions, 'gate' | 'say'>): UsageKeeper {
  const store = SQLITE_HISTORY.open(`sqlite:${historyFile(folder)}`, { retention: RETENTION });
  return new UsageKeeper({ store, gate, say, now: Date.now, timers: REAL_TIMERS });
}
