/**
 * Keeps a local view of one collection true: list in pages, watch from there, and start again from a list whenever the watch
 * cannot be trusted. It never ends by itself; an object that vanished while nobody looked is reported as removed by the next list.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '#operator/telemetry/log';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './kube-client.ts';
import { hasStatus, KubeError } from './kube-error.ts';
import { type KubeObject, keyOf, type ObjectRef, pathOf, type ResourceType, refOf } from './resource-type.ts';
import { type WatchFrame, WatchFrameParser } from './watch-frames.ts';

const PAGE_SIZE = 500;
const MIN_WATCH_SECONDS = 300;
/** A watch that lived this long was healthy: its end costs no back-off. */
const HEALTHY_WATCH_MS = 5_000;
const RELIST_AFTER_MS = 3_600_000;

export interface ReflectorHandler<T> {
  /** A new object or a new version of a known one. Must not block; a throw is logged and costs this object only. */
  apply(object: T): void;
  remove(ref: ObjectRef): void;
}

/** Before it lists again after a lost watch or a failed list. */
const WAIT_AFTER_LOSS = { baseMs: 1_000, capMs: 30_000 };

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly type: ResourceType;
  /** Omitted: the whole cluster. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly handler: ReflectorHandler<T>;
  readonly log: Logger;
  /** Silence after which a watch counts as dead. Bookmarks come about every minute. Default 90 s. */
  readonly inactivityMs?: number;
  readonly random?: () => number;
}

interface ListPage<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

interface Known {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** The resource version is too old or the server sent an error: only a new list helps. */
class WatchExpired extends Error {}

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #known = new Map<string, Known>();
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  readonly #settled = Promise.withResolvers<void>();
  readonly #backoff: Backoff;
  readonly #random: () => number;
  #hasSynced = false;
  /** Where the next watch continues; undefined asks for a list. */
  #resourceVersion: string | undefined;
  #listedAt = 0;
  #heardAt = performance.now();
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff({ ...WAIT_AFTER_LOSS, random: this.#random });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves after the first complete list was handed over. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Resolves after the first complete list was handed over or the first try failed. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Milliseconds since the API server was last heard on this collection. */
  lagMs(): number {
    return performance.now() - this.#heardAt;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now();
      const failure = await this.#turn().catch((error: unknown) => error ?? new Error('unknown failure'));
      this.#settled.resolve();
      if (this.#stop.signal.aborted) return;
      const healthy = performance.now() - startedAt >= HEALTHY_WATCH_MS;
      if (healthy) this.#backoff.reset();
      if (failure === undefined && healthy) continue;
      if (failure !== undefined) this.#report(failure);
      const asked = failure instanceof KubeError ? failure.retryAfterMs : 0;
      await delay(this.#backoff.next(asked), undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** One list when it is due, then one watch to its end. */
  async #turn(): Promise<void> {
    if (this.#resourceVersion === undefined || performance.now() - this.#listedAt > RELIST_AFTER_MS) await this.#list();
    try {
      await this.#watch(this.#resourceVersion ?? '');
    } catch (error) {
      // A refused watch may have been refused for its version (410, or 504 after a restored etcd); only load (429) is not.
      const refused = error instanceof KubeError && error.code !== 429;
      if (refused || error instanceof WatchExpired) this.#resourceVersion = undefined;
      throw error;
    }
  }

  async #list(): Promise<void> {
    const { client, type, namespace, labelSelector, fieldSelector } = this.#options;
    const items: T[] = [];
    let token: string | undefined;
    let resourceVersion = '';
    do {
      const page: ListPage<T> = await client.call({
        method: 'GET',
        path: pathOf(type, { namespace: namespace ?? '' }),
        query: { limit: PAGE_SIZE, continue: token, labelSelector, fieldSelector },
        signal: this.#stop.signal,
      });
      items.push(...page.items);
      token = page.metadata.continue || undefined;
      resourceVersion = page.metadata.resourceVersion;
    } while (token !== undefined);
    this.#replace(items);
    this.#resourceVersion = resourceVersion;
    this.#listedAt = performance.now();
    this.#heardAt = this.#listedAt;
    this.#hasSynced = true;
    this.#synced.resolve();
    this.#settled.resolve();
  }

  #replace(items: readonly T[]): void {
    const present = new Set(items.map((item) => keyOf(item.metadata)));
    for (const key of [...this.#known.keys()]) if (!present.has(key)) this.#remove(key);
    for (const item of items) this.#apply(item);
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { client, type, namespace, labelSelector, fieldSelector, inactivityMs } = this.#options;
    const timeoutSeconds = Math.floor(MIN_WATCH_SECONDS * (1 + this.#random()));
    const bytes = await client.stream({
      path: pathOf(type, { namespace: namespace ?? '' }),
      query: { watch: 1, allowWatchBookmarks: true, resourceVersion, timeoutSeconds, labelSelector, fieldSelector },
      signal: this.#stop.signal,
      inactivityMs: inactivityMs ?? 90_000,
    });
    const parser = new WatchFrameParser();
    for await (const chunk of bytes) {
      this.#heardAt = performance.now();
      for (const frame of parser.push(chunk)) this.#take(frame);
    }
    this.#heardAt = performance.now();
  }

  #take(frame: WatchFrame): void {
    if (frame.type === 'ERROR') throw new WatchExpired(messageOf(frame.object));
    // The API server's own schema: every other frame carries an object of the watched type.
    const object = frame.object as T;
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    if (frame.type === 'DELETED') this.#remove(keyOf(object.metadata));
    else if (frame.type !== 'BOOKMARK') this.#apply(object);
  }

  #apply(object: T): void {
    const { uid, resourceVersion } = object.metadata;
    const key = keyOf(object.metadata);
    const known = this.#known.get(key);
    if (known && known.uid === uid && known.resourceVersion === resourceVersion) return;
    if (known && known.uid !== uid) this.#remove(key);
    this.#known.set(key, { uid, resourceVersion });
    this.#guard(key, () => this.#options.handler.apply(this.#typed(object)));
  }

  #remove(key: string): void {
    if (!this.#known.delete(key)) return;
    this.#guard(key, () => this.#options.handler.remove(refOf(key)));
  }

  /** Items of a list carry neither apiVersion nor kind. */
  #typed(object: T): T {
    return object.kind === undefined ? { ...object, kind: this.#options.type.kind } : object;
  }

  #guard(key: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.log.error(
        { err: error, kind: this.#options.type.kind, object: key },
        'could not take an object in',
      );
    }
  }

  #report(failure: unknown): void {
    const { log, type } = this.#options;
    const reason = failure instanceof Error ? failure.message : String(failure);
    if (failure instanceof WatchExpired || hasStatus(failure, 410))
      log.info({ kind: type.kind, reason }, 'listing anew');
    else log.warn({ kind: type.kind, reason, code: codeOf(failure) }, 'watch was interrupted; trying again');
  }
}

const messageOf = (status: unknown): string =>
  typeof status === 'object' && status !== null && 'message' in status ? String(status.message) : 'watch error';

const codeOf = (failure: unknown): unknown =>
  typeof failure === 'object' && failure !== null && 'code' in failure ? failure.code : undefined;
