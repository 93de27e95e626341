/** What one pod has of one key: what it says, what it was told, and what it may therefore be using. */
import { NO_COUNTS, type PriorityCounts, plus, type ShareDemand, sumOf } from '#contract/policy/share-demand';

interface Told {
  readonly revision: number;
  /** null: no bound. */
  readonly units: number | null;
}

/** Of a pod that confirms nothing; the oldest are then taken as one. */
const MAX_UNCONFIRMED = 8;

export class ShareSeat {
  running: PriorityCounts = NO_COUNTS;
  waiting: PriorityCounts = NO_COUNTS;
  /** The pod has said nothing of it yet. */
  isNew = true;
  /** Of `treasury/shares/divide`. */
  credit = 0;
  /** What may be in force there, oldest first; the last is what was told last. */
  #told: readonly Told[] = [];

  /** In place of what was said before; undefined: nothing is under way and nothing waits. */
  report(demand: ShareDemand | undefined): void {
    this.running = demand?.running ?? NO_COUNTS;
    this.waiting = demand?.waiting ?? NO_COUNTS;
  }

  /** A stream begins: what was told on a former one is in force as far as the pod says so. Returns what is more than was known here. */
  begin(units: number): number {
    const known = this.occupied;
    this.#told = [];
    return this.claim(units, known);
  }

  /** The pod says for the first time what it has. It may have been told more already, which stays taken. */
  claim(units: number, known = this.occupied): number {
    this.isNew = false;
    if (units > 0) this.#told = [{ revision: 0, units }, ...this.#told];
    return Math.max(0, units - known);
  }

  /** The pod can be told nothing now; what it has stays. */
  fallSilent(): void {
    this.waiting = NO_COUNTS;
    this.credit = 0;
  }

  /** False when there was nothing to forget. */
  clear(): boolean {
    if (this.isIdle) return false;
    this.report(undefined);
    this.begin(0);
    return true;
  }

  /** Nothing is under way or waits, and nothing may be. */
  get isIdle(): boolean {
    return this.occupied + sumOf(this.waiting) === 0;
  }

  tell(units: number | null, revision: number): void {
    const [oldest, second, ...others] = [...this.#told, { revision, units }];
    const isLong = others.length + 1 >= MAX_UNCONFIRMED;
    if (isLong && oldest && second) this.#told = [{ ...second, units: larger(oldest, second) }, ...others];
    else this.#told = [...this.#told, { revision, units }];
  }

  /** What was told with this revision is in force, and nothing older. */
  confirm(revision: number): void {
    const index = this.#told.findLastIndex((told) => told.revision <= revision);
    if (index > 0) this.#told = this.#told.slice(index);
  }

  /** As told last; null: no bound. */
  get units(): number | null {
    return this.#told.at(-1)?.units ?? null;
  }

  /** Under way, or possibly so before the next report. */
  get occupied(): number {
    return Math.max(sumOf(this.running), ...this.#told.map(({ units }) => units ?? 0));
  }

  get demand(): PriorityCounts {
    return plus(this.running, this.waiting);
  }
}

const larger = (a: Told, b: Told): number => Math.max(a.units ?? 0, b.units ?? 0);
