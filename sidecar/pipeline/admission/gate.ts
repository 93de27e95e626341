/** So many at one time, the rest in line: what is under way, and who waits for a turn. Knows no time. */
import { PRIORITIES, type Priority } from '#contract/resources/route-concurrency';
import { WeightedRotation } from './weighted-rotation.ts';

/** One that waits. */
export class Turn {
  readonly priority: Priority;
  hasCome = false;
  /** Called once, when it has come. */
  onCome: (() => void) | undefined;

  constructor(priority: Priority) {
    this.priority = priority;
  }
}

export class Gate {
  readonly #running: Record<Priority, number> = { High: 0, Normal: 0, Low: 0 };
  /** In order of coming. */
  readonly #waiting: Record<Priority, Set<Turn>> = { High: new Set(), Normal: new Set(), Low: new Set() };
  readonly #rotation = new WeightedRotation();
  #max: number;

  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max;
  }

  /** How many may be under way. Who waits is let in as soon as there is room; who is under way stays. */
  get max(): number {
    return this.#max;
  }

  set max(max: number) {
    this.#max = max;
    this.#admit();
  }

  /** True: it is under way from now on, until `leave`. False: it would have to wait. */
  enter(priority: Priority): boolean {
    if (this.isFull) return false;
    this.#running[priority] += 1;
    return true;
  }

  /** Behind those of its class that wait already. */
  wait(priority: Priority): Turn {
    const turn = new Turn(priority);
    this.#waiting[priority].add(turn);
    this.#admit();
    return turn;
  }

  /** Waits no more; a turn that has come is given back. */
  giveUp(turn: Turn): void {
    if (turn.hasCome) this.leave(turn.priority);
    else this.#waiting[turn.priority].delete(turn);
  }

  /** One of the class that was under way is over. */
  leave(priority: Priority): void {
    this.#running[priority] -= 1;
    this.#admit();
  }

  get isFull(): boolean {
    return this.runningInAll >= this.#max || this.waitingInAll > 0;
  }

  get running(): Readonly<Record<Priority, number>> {
    return this.#running;
  }

  get waiting(): Readonly<Record<Priority, number>> {
    const { High, Normal, Low } = this.#waiting;
    return { High: High.size, Normal: Normal.size, Low: Low.size };
  }

  get runningInAll(): number {
    const { High, Normal, Low } = this.#running;
    return High + Normal + Low;
  }

  get waitingInAll(): number {
    const { High, Normal, Low } = this.#waiting;
    return High.size + Normal.size + Low.size;
  }

  #admit(): void {
    while (this.waitingInAll > 0 && this.runningInAll < this.#max) {
      const priority = this.#rotation.next((each) => this.#waiting[each].size > 0) ?? PRIORITIES[0];
      const [turn] = this.#waiting[priority];
      if (turn === undefined) return;
      this.#waiting[priority].delete(turn);
      this.#running[priority] += 1;
      turn.hasCome = true;
      turn.onCome?.();
    }
  }
}
