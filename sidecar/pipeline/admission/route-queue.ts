/** The requests of one route in this process: those under way, and those that wait for their turn. Knows no time. */
import type { PolicyConcurrency } from '#contract/policy/policy';
import { PRIORITIES, type Priority } from '#contract/resources/route-concurrency';
import { WeightedRotation } from './weighted-rotation.ts';

/** One request, from its coming until it leaves. */
export class Place {
  readonly priority: Priority;
  isRunning = false;
  /** Called once, when its turn has come. */
  onAdmitted: (() => void) | undefined;

  constructor(priority: Priority) {
    this.priority = priority;
  }
}

type Bounds = Pick<PolicyConcurrency, 'max' | 'queue'>;

export class RouteQueue {
  readonly #running: Record<Priority, number> = { High: 0, Normal: 0, Low: 0 };
  /** In order of coming. */
  readonly #waiting: Record<Priority, Set<Place>> = { High: new Set(), Normal: new Set(), Low: new Set() };
  readonly #rotation = new WeightedRotation();
  #bounds: Bounds = { max: 0, queue: 0 };

  /** Under way at once, or waiting; undefined: there is no room. The bounds hold from now on, for those that wait too. */
  enter(priority: Priority, bounds: Bounds): Place | undefined {
    this.#bounds = bounds;
    this.#admit();
    const waiting = sum(this.waiting);
    const isFree = waiting === 0 && sum(this.#running) < bounds.max;
    if (!isFree && waiting >= bounds.queue) return undefined;
    const place = new Place(priority);
    this.#waiting[priority].add(place);
    if (isFree) this.#admit();
    return place;
  }

  /** Its answer is over, or it waits no more; a second call changes nothing. */
  leave(place: Place): void {
    if (place.isRunning) {
      place.isRunning = false;
      this.#running[place.priority] -= 1;
      this.#admit();
    } else {
      this.#waiting[place.priority].delete(place);
    }
  }

  get running(): Readonly<Record<Priority, number>> {
    return this.#running;
  }

  get waiting(): Readonly<Record<Priority, number>> {
    const { High, Normal, Low } = this.#waiting;
    return { High: High.size, Normal: Normal.size, Low: Low.size };
  }

  #admit(): void {
    while (sum(this.#running) < this.#bounds.max) {
      const priority = this.#rotation.next((each) => this.#waiting[each].size > 0);
      const [place] = priority === undefined ? [] : this.#waiting[priority];
      if (place === undefined) return;
      this.#waiting[place.priority].delete(place);
      this.#running[place.priority] += 1;
      place.isRunning = true;
      place.onAdmitted?.();
    }
  }
}

const sum = (counts: Readonly<Record<Priority, number>>): number =>
  PRIORITIES.reduce((total, priority) => total + counts[priority], 0);
