/** What the compiler sees of the cluster at one moment. Immutable. */
import type { Resource } from '#contract/resources/kinds';
import type { ObjectName } from './object-key.ts';
import type { PriceBook } from './price-book-schema.ts';
import type { Problem } from './problem.ts';
import type { ServiceView } from './service-view.ts';

/** One object as the index holds it. */
export interface Held extends ObjectName {
  /** The last content that was right in itself; undefined when none ever was. Its own generation is in its metadata. */
  readonly content: Resource | undefined;
  /** The generation seen last. */
  readonly generation: number;
  /** What is wrong with the generation seen last; empty when `content` is of that generation. */
  readonly problems: readonly Problem[];
}

export interface Snapshot {
  /** Sorted by `objectKey()`. */
  readonly objects: readonly Held[];
  /** Labels by Namespace. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Keys that exist, by `namespace/name` of the Secret; never values. */
  readonly secretKeys: ReadonlyMap<string, ReadonlySet<string>>;
  /** By `namespace/name` of the Service; null: there is none. Those that were not read are absent. */
  readonly services: ReadonlyMap<string, ServiceView | null>;
  readonly platformNamespaces: ReadonlySet<string>;
  readonly priceBook: PriceBook;
}

/** The contents in effect, of one kind, in the order of the snapshot. */
export function contentsOf<Kind extends Resource['kind']>(
  snapshot: Snapshot,
  kind: Kind,
): Extract<Resource, { kind: Kind }>[] {
  const isKind = (content: Resource | undefined): content is Extract<Resource, { kind: Kind }> =>
    content?.kind === kind;
  return snapshot.objects.map((held) => held.content).filter(isKind);
}
