/**
 * Changes on their way into the history. What the watch shows is the record; admission adds who asked for it. Nobody waits for any of
 * it: facts stay here, within a bound, until they are durable, and after a loss all objects are compared with what the history knows.
 */
import type { ObjectName } from '#contract/compile/object-key';
import type { AuditFact } from '#contract/history/audit';
import type { AuditKept, AuditStore } from '#history/history-store';
import { within } from '#operator/history/within';
import type { After } from '#treasury/open-book';
import { realAfter } from '#treasury/treasury';
import { BoundedFacts } from './bounded-facts.ts';
import { type Admitted, type AuditedObject, admittedFact, type Decision, decidedFact, seenFact } from './facts.ts';
import { type Watched, WatchedObjects } from './watched-objects.ts';

interface TrailLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Behind all that was told until now. Rejects when it is not durable. */
type Keep = (facts: readonly AuditFact[]) => Promise<void>;

/** Tells of all that differs from what the history knows; rejects when somebody does not answer. */
export type Compare = (watched: Watched, keep: Keep) => Promise<void>;

export interface AuditTrailOptions {
  readonly store: Pick<AuditStore, 'audit'>;
  /** Tells this cluster apart. Rejects when it cannot be found out now. */
  readonly cluster: () => Promise<string>;
  readonly compare: Compare;
  /** The operator, as the API server knows it. */
  readonly operator: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: TrailLog;
  /** Facts that will never be kept. */
  readonly onDropped: (count: number) => void;
  /** Default: a timer that does not keep the process alive. */
  readonly after?: After;
}

/** Of one write. */
const WITHIN_MS = 30_000;
const PAUSE_MS = 2_000;
/** For what waits, when the process ends. */
const LAST_WRITE_MS = 3_000;

export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #facts = new BoundedFacts();
  readonly #watched = new WatchedObjects();
  #isStarted = false;
  #isClosed = false;
  #mustCompare = true;
  #running: Promise<void> | undefined;
  #failingSinceMs: number | undefined;
  #wake: (() => void) | undefined;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#facts.size;
  }

  /** 0 while facts can be kept. */
  get failingSeconds(): number {
    return this.#failingSinceMs === undefined ? 0 : (this.#options.now() - this.#failingSinceMs) / 1_000;
  }

  /** From now on what is seen is news; what is there already is compared. */
  start(): void {
    this.#isStarted = true;
    this.#run();
  }

  /** A version of an object, as the watch showed it. Cheap for one that differs in its status alone. */
  seen(object: AuditedObject): void {
    if (this.#watched.note(object) && this.#isStarted) this.#tell(seenFact(object, this.#options.now()));
  }

  gone(object: ObjectName): void {
    const last = this.#watched.forget(object);
    if (last === undefined || !this.#isStarted) return;
    const { kind, namespace, name } = object;
    const asked = last.askedMs !== undefined && { askedMs: last.askedMs };
    this.#tell({ is: 'gone', kind, namespace, name, uid: last.uid, timeMs: this.#options.now(), ...asked });
  }

  admitted(request: Admitted): void {
    const fact = admittedFact(request, this.#options.now());
    if (fact !== undefined) this.#tell(fact);
  }

  decided(decision: Decision): void {
    this.#tell(decidedFact(decision, this.#options.operator, this.#options.now()));
  }

  /** What waits is written once more, if that is quick. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    const { after = realAfter } = this.#options;
    const running = this.#running ?? Promise.resolve();
    await within({ ms: LAST_WRITE_MS, after }, running).catch(() => {});
    if (this.#facts.size > 0) await this.#write(LAST_WRITE_MS);
    if (this.#facts.size > 0) this.#options.onDropped(this.#facts.size);
  }

  #tell(fact: AuditFact): void {
    const dropped = this.#facts.push(fact);
    if (dropped > 0) {
      this.#options.onDropped(dropped);
      this.#mustCompare = true;
    }
    this.#run();
  }

  #run(): void {
    if (this.#isClosed || !this.#isStarted) return;
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      // What came between the last look and now.
      if (this.#facts.size > 0) this.#run();
    });
  }

  async #work(): Promise<void> {
    while (!this.#isClosed && (this.#facts.size > 0 || this.#mustCompare)) {
      const isKept = this.#facts.size > 0 ? await this.#write(WITHIN_MS) : await this.#compare();
      if (!isKept && !this.#isClosed) await this.#pause();
    }
  }

  #write(withinMs: number): Promise<boolean> {
    return this.#tried(() => this.#writeNext(withinMs));
  }

  async #writeNext(withinMs: number): Promise<void> {
    const facts = this.#facts.next();
    await this.#keep(facts, withinMs);
    this.#facts.takeOff(facts);
  }

  async #compare(): Promise<boolean> {
    this.#mustCompare = false;
    const keep: Keep = async (facts) => {
      while (this.#facts.size > 0) await this.#writeNext(WITHIN_MS);
      await this.#keep(facts, WITHIN_MS);
    };
    const isDone = await this.#tried(() => this.#options.compare(this.#watched, keep));
    if (!isDone) this.#mustCompare = true;
    return isDone;
  }

  async #keep(facts: readonly AuditFact[], withinMs: number): Promise<void> {
    const { store, cluster, after = realAfter } = this.#options;
    const keeping = cluster().then((name) => store.audit({ cluster: name, facts }));
    this.#tellOf(await within({ ms: withinMs, after }, keeping));
  }

  #tellOf({ bad, fault }: AuditKept): void {
    if (bad === 0) return;
    this.#options.onDropped(bad);
    this.#options.log.warn({ bad, fault }, 'changes could not be recorded, since the history refuses them');
  }

  async #tried(work: () => Promise<void>): Promise<boolean> {
    const { log, now } = this.#options;
    try {
      await work();
      if (this.#failingSinceMs !== undefined) log.info({}, 'changes are recorded again');
      this.#failingSinceMs = undefined;
      return true;
    } catch (error) {
      if (this.#failingSinceMs === undefined)
        log.warn({ err: error }, 'changes cannot be recorded for now and are tried again');
      this.#failingSinceMs ??= now();
      return false;
    }
  }

  #pause(): Promise<void> {
    const { after = realAfter } = this.#options;
    return new Promise((resume) => {
      const cancel = after(PAUSE_MS, resume);
      this.#wake = () => {
        cancel();
        resume();
      };
    });
  }
}
