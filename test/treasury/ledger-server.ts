/** An API server for AIBudgetLedger objects in memory, at the border of the cluster store: conditional writes, 409, and faults on demand. */
import type { LedgerObject, LedgerObjects } from '#treasury/stores/cluster/ledger-objects';

export class ApiError extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`HTTP ${code}`);
    this.code = code;
  }
}

/** Called before each operation; may delay it, or throw in its place. Afterwards for a write whose answer gets lost. */
export interface Faults {
  before?(operation: string): Promise<void>;
  after?(operation: string): Promise<void>;
}

export class LedgerServer {
  readonly #objects = new Map<string, LedgerObject>();
  readonly #watchers = new Set<(object: LedgerObject) => void>();
  #version = 0;
  writes = 0;

  /** All that is there, and what changes from then on, in its order. */
  watch(tell: (object: LedgerObject) => void): void {
    for (const object of this.#objects.values()) tell(object);
    this.#watchers.add(tell);
  }

  get objects(): readonly LedgerObject[] {
    return [...this.#objects.values()];
  }

  /** One client's view of it. */
  client(faults: Faults = {}): LedgerObjects {
    const call = async <T>(operation: string, work: () => T): Promise<T> => {
      await faults.before?.(operation);
      const result = work();
      await faults.after?.(operation);
      return result;
    };
    return {
      get: (namespace, name) => call('get', () => this.#objects.get(`${namespace}/${name}`)),
      create: (object) => call('create', () => this.#create(object)),
      replace: (object) => call('replace', () => this.#replace(object)),
      delete: (namespace, name, version) => call('delete', () => this.#delete(`${namespace}/${name}`, version)),
      list: () => call('list', () => this.objects),
    };
  }

  #create(object: LedgerObject): void {
    if (this.#objects.has(keyOf(object))) throw new ApiError(409);
    this.#store(object);
  }

  #replace(object: LedgerObject): void {
    const present = this.#objects.get(keyOf(object));
    if (present === undefined) throw new ApiError(404);
    if (present.metadata.resourceVersion !== object.metadata.resourceVersion) throw new ApiError(409);
    this.#store(object);
  }

  #delete(key: string, version: string | undefined): void {
    const present = this.#objects.get(key)?.metadata.resourceVersion;
    if (present !== undefined && version !== undefined && present !== version) throw new ApiError(409);
    this.#objects.delete(key);
  }

  #store(object: LedgerObject): void {
    this.#version += 1;
    this.writes += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const stored = { ...object, metadata };
    this.#objects.set(keyOf(object), stored);
    for (const tell of this.#watchers) tell(stored);
  }
}

const keyOf = ({ metadata }: LedgerObject): string => `${metadata.namespace}/${metadata.name}`;
