/** Watches exactly the Secrets that somebody refers to, each by name, and holds their values in memory only. */
import type { Logger } from '#operator/telemetry/log';
import type { KubeClient } from './kube-client.ts';
import { Reflector } from './reflector.ts';
import { type KubeObject, keyOf, type ObjectRef, refOf, SECRET } from './resource-type.ts';

type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

export interface SecretWatchesOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  /** A Secret appeared, changed or went; ask `data` for what it holds now. */
  readonly onChange: (ref: ObjectRef) => void;
}

export class SecretWatches {
  readonly #options: SecretWatchesOptions;
  readonly #reflectors = new Map<string, Reflector<Secret>>();
  readonly #values = new Map<string, ReadonlyMap<string, string>>();

  constructor(options: SecretWatchesOptions) {
    this.#options = options;
  }

  /** Decoded values by key; undefined when the Secret does not exist, is not watched, or was not read yet. */
  data(ref: ObjectRef): ReadonlyMap<string, string> | undefined {
    return this.#values.get(keyOf(ref));
  }

  /** Watches these Secrets and no others. */
  want(refs: Iterable<ObjectRef>): void {
    const wanted = new Map([...refs].map((ref) => [keyOf(ref), ref]));
    for (const [key, reflector] of this.#reflectors) {
      if (wanted.has(key)) continue;
      this.#reflectors.delete(key);
      this.#values.delete(key);
      void reflector.stop();
      this.#options.onChange(refOf(key));
    }
    for (const [key, ref] of wanted) if (!this.#reflectors.has(key)) this.#watch(key, ref);
  }

  /** Resolves when every watched Secret was read once, or could not be. */
  async settled(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.settled));
  }

  lagMs(): number {
    return Math.max(0, ...[...this.#reflectors.values()].map((reflector) => reflector.lagMs()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.stop()));
    this.#reflectors.clear();
    this.#values.clear();
  }

  #watch(key: string, ref: ObjectRef): void {
    const reflector = new Reflector<Secret>({
      client: this.#options.client,
      log: this.#options.log,
      type: SECRET,
      namespace: ref.namespace,
      fieldSelector: `metadata.name=${ref.name}`,
      handler: {
        apply: (secret) => this.#set(ref, valuesOf(secret)),
        remove: () => this.#set(ref, undefined),
      },
    });
    this.#reflectors.set(key, reflector);
    reflector.start();
  }

  #set(ref: ObjectRef, values: ReadonlyMap<string, string> | undefined): void {
    const key = keyOf(ref);
    // A watch that was just given up may still deliver.
    if (!this.#reflectors.has(key)) return;
    if (values) this.#values.set(key, values);
    else this.#values.delete(key);
    this.#options.onChange(ref);
  }
}

/** Keys are pasted with a trailing newline more often than not; no API key has white space around it. */
const valuesOf = (secret: Secret): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString().trim()]),
  );
