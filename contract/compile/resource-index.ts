/**
 * The state of the cluster that policies are made of: objects, Namespace labels, which Secret keys exist and who serves behind Services. A wrong object never
 * displaces the last good content of the same object. Level-based: what counts is what was applied last, not how it came about.
 */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { canonicalJson } from '#contract/policy/canonical-json';
import { objectMeta } from '#contract/resources/fields';
import type { Resource } from '#contract/resources/kinds';
import { checkResource } from './check-resource.ts';
import { byText, objectKey } from './object-key.ts';
import { PRICE_BOOK } from './price-book.ts';
import { type PriceBook, priceBookVersion } from './price-book-schema.ts';
import { serviceRefOf } from './provider-pool.ts';
import { type SecretRef, secretRefsOf } from './secret-refs.ts';
import type { ServiceView } from './service-view.ts';
import type { Held, Snapshot } from './snapshot.ts';
import { decidedOf } from './variant-states.ts';
import type { Workload } from './workload.ts';

/** The namespaces whose workloads may have another policy now. Conditions of objects elsewhere may change too. */
export type Touched = 'all' | ReadonlySet<string>;

const NOTHING: Touched = new Set<string>();

export const isTouched = (touched: Touched, workload: Pick<Workload, 'namespace'>): boolean =>
  touched === 'all' || touched.has(workload.namespace);

export interface IndexOptions {
  /** Where providers may be shared and tagged, and budgets and policies cover the whole cluster. */
  readonly platformNamespaces: readonly string[];
  /** Default: the built-in one. */
  readonly priceBook?: PriceBook;
}

/** The least that an object needs to be told about its faults. */
const identity = z.object({
  kind: z.enum([KIND.provider, KIND.route, KIND.budget, KIND.policy, KIND.key]),
  metadata: objectMeta,
});

/** Only what is read later; managedFields and status would be most of the memory otherwise. Of status that is what became of variants, and the digest of a token. */
function slim(object: Resource): Resource {
  const { name, namespace, uid, generation, creationTimestamp } = object.metadata;
  const metadata = { name, namespace, uid, generation, creationTimestamp };
  const { status: _, ...rest } = object;
  const kept = statusKept(object);
  // The rest of a union is no union any more for the compiler; nothing but metadata and status was taken out.
  return { ...rest, metadata, ...(kept && { status: kept }) } as Resource;
}

function statusKept(object: Resource): object | undefined {
  if (object.kind === KIND.key) {
    const { tokenDigest } = object.status ?? {};
    return tokenDigest === undefined ? undefined : { tokenDigest };
  }
  const decided = object.kind === KIND.route ? decidedOf(object) : [];
  return decided.length === 0 ? undefined : { variants: decided };
}

/** Both were made by the same schema, so equal content has its keys in equal order. */
const sameHeld = (a: Held, b: Held): boolean => JSON.stringify(a) === JSON.stringify(b);

export class ResourceIndex {
  readonly #objects = new Map<string, Held>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #secretKeys = new Map<string, ReadonlySet<string>>();
  readonly #services = new Map<string, ServiceView | null>();
  readonly #platformNamespaces: ReadonlySet<string>;
  #priceBook: PriceBook;
  #snapshot: Snapshot | undefined;

  constructor(options: IndexOptions) {
    this.#platformNamespaces = new Set(options.platformNamespaces);
    this.#priceBook = options.priceBook ?? PRICE_BOOK;
  }

  /** Takes any object as the API server or a file gives it. Never throws; what is no object of ours is ignored. */
  apply(object: unknown): Touched {
    const known = identity.safeParse(object);
    if (!known.success) return NOTHING;
    const { kind, metadata } = known.data;
    const { namespace, name, generation } = metadata;
    const key = objectKey({ kind, namespace, name });
    const previous = this.#objects.get(key);
    const checked = checkResource(object);
    // Another uid is another object that happens to have the name: nothing of the old one may run for it.
    const lastGood = previous?.content?.metadata.uid === metadata.uid ? previous.content : undefined;
    const held: Held = checked.ok
      ? { kind, namespace, name, content: slim(checked.resource), generation, problems: [] }
      : { kind, namespace, name, content: lastGood, generation, problems: checked.problems };
    if (previous && sameHeld(previous, held)) return NOTHING;
    this.#objects.set(key, held);
    return this.#changed(held);
  }

  /** `key` as `objectKey()` gives it. */
  delete(key: string): Touched {
    const held = this.#objects.get(key);
    if (!held) return NOTHING;
    this.#objects.delete(key);
    return this.#changed(held);
  }

  /** `labels` undefined: the Namespace is gone. */
  applyNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): Touched {
    const same = canonicalJson(this.#namespaces.get(name)) === canonicalJson(labels);
    if (same && this.#namespaces.has(name) === (labels !== undefined)) return NOTHING;
    if (labels === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, { ...labels });
    this.#snapshot = undefined;
    return new Set([name]);
  }

  /** Which keys a Secret has; `keys` undefined or empty: the Secret is gone or holds nothing. Values are never taken. */
  applySecretKeys(namespace: string, name: string, keys: Iterable<string> | undefined): Touched {
    const id = `${namespace}/${name}`;
    const next = keys === undefined ? undefined : [...keys].sort(byText);
    const held = this.#secretKeys.get(id);
    if (canonicalJson(held && [...held]) === canonicalJson(next)) return NOTHING;
    if (next === undefined) this.#secretKeys.delete(id);
    else this.#secretKeys.set(id, new Set(next));
    this.#snapshot = undefined;
    return this.#isReferenced(namespace, name) ? this.#changed({ kind: KIND.provider, namespace }) : NOTHING;
  }

  /** What is behind a Service that an AIProvider names; null: it does not exist, undefined: nobody knows. */
  applyService(namespace: string, name: string, view: ServiceView | null | undefined): Touched {
    const id = `${namespace}/${name}`;
    const held = this.#services.get(id);
    if (JSON.stringify(held) === JSON.stringify(view)) return NOTHING;
    if (view === undefined) this.#services.delete(id);
    else this.#services.set(id, view);
    this.#snapshot = undefined;
    return this.#usersOf(namespace, name);
  }

  /** Keys of all objects held; with them a fresh list tells what was deleted meanwhile. */
  keys(): string[] {
    return [...this.#objects.keys()].sort(byText);
  }

  /** What runs of the object; `key` as `objectKey()` gives it. */
  content(key: string): Resource | undefined {
    return this.#objects.get(key)?.content;
  }

  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined {
    return this.#namespaces.get(name);
  }

  /** Every list price may be another one. */
  applyPriceBook(book: PriceBook): Touched {
    if (priceBookVersion(book) === priceBookVersion(this.#priceBook)) return NOTHING;
    this.#priceBook = book;
    this.#snapshot = undefined;
    return 'all';
  }

  get priceBook(): PriceBook {
    return this.#priceBook;
  }

  /** The same object until something changes. */
  snapshot(): Snapshot {
    this.#snapshot ??= {
      objects: this.keys().flatMap((key) => this.#objects.get(key) ?? []),
      namespaces: new Map(this.#namespaces),
      secretKeys: new Map(this.#secretKeys),
      services: new Map(this.#services),
      platformNamespaces: this.#platformNamespaces,
      priceBook: this.#priceBook,
    };
    return this.#snapshot;
  }

  #isReferenced(namespace: string, secret: string): boolean {
    const isIt = (ref: SecretRef): boolean => ref.namespace === namespace && ref.name === secret;
    return [...this.#objects.values()].some(({ content }) => content && secretRefsOf(content).some(isIt));
  }

  #usersOf(namespace: string, service: string): Touched {
    const platform = { platformNamespaces: this.#platformNamespaces };
    const touched = new Set<string>();
    for (const { content } of this.#objects.values()) {
      const ref = content?.kind === 'AIProvider' ? serviceRefOf(content, platform) : undefined;
      if (!content || ref?.namespace !== namespace || ref.name !== service) continue;
      if (this.#platformNamespaces.has(content.metadata.namespace)) return 'all';
      touched.add(content.metadata.namespace);
    }
    return touched;
  }

  #changed({ kind, namespace }: Pick<Held, 'kind' | 'namespace'>): Touched {
    this.#snapshot = undefined;
    // A route serves its own namespace wherever it is; all else of a platform namespace may reach every workload.
    const isLocal = kind === KIND.route || !this.#platformNamespaces.has(namespace);
    return isLocal ? new Set([namespace]) : 'all';
  }
}
