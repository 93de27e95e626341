/**
 * The book by which replicas part what is shared over the fleet: one ConfigMap beside the operator, watched by all and written
 * conditionally, at most once a second by each and only while something that has a bound is in use or another replica wants more of it.
 * Without the API server a replica goes on with what it may give out.
 */
import { isDeepStrictEqual } from 'node:util';
import { sumOf } from '#contract/policy/share-demand';
import type { Logger } from '#operator/telemetry/log';
import { type AdaptiveLimit, adapt, noLimit } from '#treasury/shares/adaptive-limit';
import { decodeFleetBook, EMPTY_BOOK, type FleetBook, type OwnLoad, stepBook } from '#treasury/shares/fleet-book';
import type { ShareBounds, ShareLoad } from '#treasury/shares/share-bounds';
import type { KubeClient } from './kube-client.ts';
import { hasStatus } from './kube-error.ts';
import { Reflector } from './reflector.ts';
import { apiVersionOf, CONFIG_MAP, type ConfigMap } from './resource-type.ts';
import { WorkQueue } from './work-queue.ts';

const NAME = 'remora-shares';
const DATA_KEY = 'book';
/** Also the least time between two writes of a replica. */
const LOOK_EVERY_MS = 1_000;
/** A replica that has a part says so at least this often, in looks. */
const BEAT_LOOKS = 5;
/** One that did not while this replica looked so often is gone; time in which this process stood still does not count. */
const GONE_AFTER_LOOKS = 3 * BEAT_LOOKS;
const MAX_ELAPSED_S = 5;
/** Below what an object may be. */
const MAX_CHARS = 900_000;
const MAX_TRIES = 5;

export interface FleetSharesOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Unique per process: what a former one gave out is still in use. */
  readonly replica: string;
  readonly log: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Default: one second. */
  readonly lookEveryMs?: number;
}

interface Tracked {
  readonly load: ShareLoad;
  /** Only for what was under way lately. */
  readonly use: AdaptiveLimit;
}

export class FleetShares implements ShareBounds {
  onChange: ((key: string) => void) | undefined;
  readonly #options: FleetSharesOptions;
  readonly #lookEveryMs: number;
  readonly #tracked = new Map<string, Tracked>();
  readonly #heard = new Map<string, { readonly beat: number; readonly atLook: number }>();
  readonly #reflector: Reflector<ConfigMap>;
  readonly #queue: WorkQueue;
  #seen: ConfigMap | undefined;
  #book: FleetBook = EMPTY_BOOK;
  /** What this replica may give out, as written. */
  #units: ReadonlyMap<string, number> = new Map();
  /** Monotonic. */
  #wroteAtMs = Number.NEGATIVE_INFINITY;
  #wroteAtLook = 0;
  #looks = 0;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: FleetSharesOptions) {
    const { client, namespace, log, lookEveryMs = LOOK_EVERY_MS } = options;
    this.#options = options;
    this.#lookEveryMs = lookEveryMs;
    this.#queue = new WorkQueue({
      ...{ name: 'shares', log, quietMs: 20, spacingMs: lookEveryMs },
      process: () => this.#write(),
    });
    this.#reflector = new Reflector<ConfigMap>({
      ...{ client, log, namespace, type: CONFIG_MAP, fieldSelector: `metadata.name=${NAME}` },
      handler: { apply: (object) => this.#hear(object), remove: () => this.#hear(undefined) },
    });
  }

  /** Resolves when the book was read, or could not be. */
  async start(): Promise<void> {
    this.#reflector.start();
    await this.#reflector.settled;
    this.#looking = setInterval(() => {
      this.#looks += 1;
      this.#look();
    }, this.#lookEveryMs).unref();
  }

  /** What it may give out stays taken until the others have not heard of it for a while: its pods are using it. */
  async close(): Promise<void> {
    clearInterval(this.#looking);
    await Promise.all([this.#queue.close(), this.#reflector.stop()]);
  }

  boundFor(key: string, load: ShareLoad, nowMs: number): number | null {
    const former = this.#tracked.get(key);
    const use = adapt(former?.use ?? noLimit(nowMs), { nowMs, running: sumOf(load.running), waiting: 0, throttled: 0 });
    const throttled = load.throttled + (former?.load.throttled ?? 0);
    const brought = load.brought + (former?.load.brought ?? 0);
    this.#tracked.set(key, { load: { ...load, throttled, brought }, use });
    const units = this.#units.get(key);
    const isBounded = load.stated !== null;
    if (throttled + brought > 0 || (isBounded && units === undefined)) this.#look();
    // Until it is written what this replica may give out, its pods go on with what they have.
    if (units === undefined) return isBounded ? load.occupied : null;
    return load.stated === null ? units : Math.min(units, load.stated);
  }

  /** Who writes looks by itself. */
  isMoving(): boolean {
    return false;
  }

  forget(key: string): void {
    this.#tracked.delete(key);
  }

  #look(): void {
    if (this.#tracked.size > 0 && this.#reflector.hasSynced) this.#queue.add(NAME);
  }

  #hear(object: ConfigMap | undefined): void {
    this.#seen = object;
    this.#book = decodeFleetBook(object?.data?.[DATA_KEY] ?? '');
    for (const [id, { beat }] of Object.entries(this.#book.replicas))
      if (this.#heard.get(id)?.beat !== beat) this.#heard.set(id, { beat, atLook: this.#looks });
    for (const id of this.#heard.keys()) if (!(id in this.#book.replicas)) this.#heard.delete(id);
    this.#look();
  }

  /** False when there was nothing to say. */
  async #write(): Promise<boolean> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const counted = new Map([...this.#tracked].map(([key, { load }]) => [key, load]));
      const next = this.#step();
      if (!this.#isNews(next)) return false;
      const text = JSON.stringify(next);
      if (text.length > MAX_CHARS) {
        this.#options.log.error(
          { keys: this.#tracked.size },
          'too much is shared for one object: parts stay as they are',
        );
        return true;
      }
      if (!(await this.#put(text))) continue;
      this.#wroteAtMs = performance.now();
      this.#wroteAtLook = this.#looks;
      this.#settle(next, counted);
      return true;
    }
    return true;
  }

  #step(): FleetBook {
    const { replica, now } = this.#options;
    return stepBook(this.#book, {
      ...{ replica, nowMs: now(), loads: this.#loads() },
      silence: (id) => this.#silence(id),
      elapsedS: Math.min(MAX_ELAPSED_S, (performance.now() - this.#wroteAtMs) / 1_000),
    });
  }

  /** In looks. */
  #silence(id: string): number | undefined {
    const looks = this.#looks - (this.#heard.get(id)?.atLook ?? Number.NEGATIVE_INFINITY);
    return looks < GONE_AFTER_LOOKS ? looks : undefined;
  }

  #loads(): Map<string, OwnLoad> {
    return new Map(
      [...this.#tracked].map(([key, { load, use }]) => [key, { ...load, peak: Math.max(use.peak, use.formerPeak) }]),
    );
  }

  /** Alone one has nobody to tell how much is in use: only what one may give out, and that one is there. */
  #isNews({ replicas, limits }: FleetBook): boolean {
    const { replica } = this.#options;
    const { parts: former } = this.#book.replicas[replica] ?? { parts: {} };
    const { parts } = replicas[replica] ?? { parts: {} };
    const isAlone = Object.keys(replicas).length === 1;
    if (Object.keys(this.#book.replicas).some((id) => id !== replica && !(id in replicas))) return true;
    if (!isDeepStrictEqual(unitsIn(parts), unitsIn(former))) return true;
    if (!isDeepStrictEqual(foundIn(limits), foundIn(this.#book.limits))) return true;
    if (!isAlone && !isDeepStrictEqual(useIn(parts), useIn(former))) return true;
    return Object.keys(parts).length > 0 && this.#looks - this.#wroteAtLook >= BEAT_LOOKS;
  }

  /** False when another was faster, whose book is known then. */
  async #put(text: string): Promise<boolean> {
    const { client, namespace } = this.#options;
    const at = { namespace, name: NAME };
    const data = { [DATA_KEY]: text };
    try {
      if (this.#seen) this.#hear(await client.replace<ConfigMap>(CONFIG_MAP, at, { ...this.#seen, data }));
      else
        this.#hear(
          await client.create<ConfigMap>(CONFIG_MAP, namespace, {
            ...{ apiVersion: apiVersionOf(CONFIG_MAP), kind: CONFIG_MAP.kind, metadata: at, data },
          }),
        );
      return true;
    } catch (error) {
      if (!hasStatus(error, 409) && !hasStatus(error, 404)) throw error;
      this.#hear(await client.get<ConfigMap>(CONFIG_MAP, at).catch(() => undefined));
      return false;
    }
  }

  /** `counted`: whose refusals, and what pods brought, are in the book now. */
  #settle(written: FleetBook, counted: ReadonlyMap<string, ShareLoad>): void {
    for (const [key, { load, use }] of this.#tracked) {
      const throttled = load.throttled - (counted.get(key)?.throttled ?? 0);
      const brought = load.brought - (counted.get(key)?.brought ?? 0);
      this.#tracked.set(key, { use, load: { ...load, throttled, brought } });
    }
    const former = this.#units;
    this.#units = new Map(Object.entries(unitsIn(written.replicas[this.#options.replica]?.parts ?? {})));
    for (const key of new Set([...former.keys(), ...this.#units.keys()]))
      if (former.get(key) !== this.#units.get(key)) this.onChange?.(key);
  }
}

type Parts = FleetBook['replicas'][string]['parts'];

const unitsIn = (parts: Parts): Record<string, number> =>
  Object.fromEntries(Object.entries(parts).map(([key, { units }]) => [key, units]));

/** What the next step depends on; a window in which the limit is not needed changes nothing. */
const foundIn = (limits: FleetBook['limits']): object =>
  Object.fromEntries(
    Object.entries(limits).map(([key, { limit, used, throttled, sinceMs }]) => [
      key,
      { limit, used, throttled, sinceMs: used ? sinceMs : 0 },
    ]),
  );

const useIn = (parts: Parts): object =>
  Object.fromEntries(Object.entries(parts).map(([key, { credit: _, ...use }]) => [key, use]));
