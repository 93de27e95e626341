/** A fleet of pods around one board, in rounds: each pod begins what its units allow, and what is said takes as long as a test wants. */
import { NO_COUNTS, type PriorityCounts, type ShareDemand, sumOf } from '#contract/policy/share-demand';
import { PRIORITIES, type Priority } from '#contract/resources/route-concurrency';
import type { ShareBoard, ShareReport } from '#operator/push/share-board';

export const KEY = 'provider:ai/open';
export const ROUND_MS = 250;

interface Told {
  readonly version: number;
  /** undefined: no bound. */
  readonly units: number | undefined;
}

/** What a sidecar does of it: nothing beyond its units, its classes first to last. */
export class Pod {
  readonly uid: string;
  units: number | undefined = 0;
  running: PriorityCounts = NO_COUNTS;
  waiting: PriorityCounts = NO_COUNTS;
  begun = 0;
  #version = 0;
  #isKnown = false;
  /** On their way, first to arrive first. */
  up: ShareReport[] = [];
  down: Told[] = [];

  constructor(uid: string) {
    this.uid = uid;
  }

  arrive(priority: Priority, count = 1): void {
    this.waiting = { ...this.waiting, [priority]: this.waiting[priority] + count };
    this.#begin();
  }

  finish(priority: Priority): void {
    if (this.running[priority] === 0) return;
    this.running = { ...this.running, [priority]: this.running[priority] - 1 };
    this.#begin();
  }

  say(throttled = 0): void {
    const { running, waiting, units = 0 } = this;
    const demand: ShareDemand = { key: KEY, running, waiting, throttled, units };
    this.up.push({ version: this.#version, demands: [demand] });
  }

  hear(told: Told): void {
    this.#version = told.version;
    this.units = told.units;
    this.#isKnown = true;
    this.#begin();
  }

  /** Its stream is a new one: what was on its way is lost, its units stay. */
  reconnect(): void {
    this.up = [];
    this.down = [];
    this.#version = 0;
  }

  #begin(): void {
    for (const priority of PRIORITIES)
      while (this.waiting[priority] > 0 && this.#hasRoom) {
        this.waiting = { ...this.waiting, [priority]: this.waiting[priority] - 1 };
        this.running = { ...this.running, [priority]: this.running[priority] + 1 };
        this.begun += 1;
      }
  }

  get #hasRoom(): boolean {
    return this.#isKnown && (this.units === undefined || sumOf(this.running) < this.units);
  }
}

export class Fleet {
  readonly pods = new Map<string, Pod>();
  readonly #board: ShareBoard;
  readonly #stated: number | null;
  nowMs = 0;

  constructor(board: ShareBoard, stated: number | null) {
    this.#board = board;
    this.#stated = stated;
  }

  join(uid: string): Pod {
    const pod = this.pods.get(uid) ?? new Pod(uid);
    pod.reconnect();
    this.pods.set(uid, pod);
    this.#board.join(uid, new Map([[KEY, this.#stated]]), this.nowMs);
    pod.say();
    return pod;
  }

  /** The oldest report of the pod that is on its way arrives. */
  arriveUp(pod: Pod): void {
    const report = pod.up.shift();
    if (report) this.#board.report(pod.uid, report);
  }

  arriveDown(pod: Pod): void {
    const told = pod.down.shift();
    if (told) pod.hear(told);
  }

  round(): void {
    this.nowMs += ROUND_MS;
    for (const uid of this.#board.round(this.nowMs)) {
      const told = this.#board.toldTo(uid);
      const units = told?.shares.find(({ key }) => key === KEY)?.units;
      if (told) this.pods.get(uid)?.down.push({ version: told.revision, units });
    }
  }

  /** All that is on its way arrives, and what follows from it. */
  exchange(): void {
    for (const pod of this.pods.values()) {
      while (pod.down.length > 0) this.arriveDown(pod);
      pod.say();
      while (pod.up.length > 0) this.arriveUp(pod);
    }
  }

  get running(): number {
    return [...this.pods.values()].reduce((sum, { running }) => sum + sumOf(running), 0);
  }
}
