/**
 * Whose turn it is among the classes that wait: smooth weighted rotation, as nginx picks upstreams. Each class that waits gains its weight,
 * the richest goes and pays what all gained, so that turns are spread out and no class starves.
 */
import { PRIORITIES, PRIORITY_WEIGHT, type Priority } from '#contract/resources/route-concurrency';

export class WeightedRotation {
  readonly #credit: Record<Priority, number> = { High: 0, Normal: 0, Low: 0 };

  /** undefined: nobody waits. A class in which nobody waits gains nothing and keeps nothing. */
  next(waits: (priority: Priority) => boolean): Priority | undefined {
    let richest: Priority | undefined;
    let gained = 0;
    for (const priority of PRIORITIES) {
      if (!waits(priority)) {
        this.#credit[priority] = 0;
        continue;
      }
      gained += PRIORITY_WEIGHT[priority];
      this.#credit[priority] += PRIORITY_WEIGHT[priority];
      if (richest === undefined || this.#credit[priority] > this.#credit[richest]) richest = priority;
    }
    if (richest !== undefined) this.#credit[richest] -= gained;
    return richest;
  }
}
