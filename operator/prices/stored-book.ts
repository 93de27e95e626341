/**
 * The price book in force in a ConfigMap of the operator's own: so that a restart does not fall back to older prices, and for
 * `remora status`.
 */
import { type PriceBook, priceBookVersion } from '#contract/compile/price-book-schema';
import { LABEL } from '#contract/names/api';
import { PRICE_BOOK_KEYS } from '#contract/names/price-book';
import type { KubeClient } from '#operator/kube/kube-client';
import { hasStatus } from '#operator/kube/kube-error';
import { apiVersionOf, CONFIG_MAP, type ConfigMap, type ObjectRef } from '#operator/kube/resource-type';
import { readBook } from './read-book.ts';

export class StoredBook {
  readonly #client: KubeClient;
  readonly #ref: ObjectRef;

  constructor(client: KubeClient, ref: ObjectRef) {
    this.#client = client;
    this.#ref = ref;
  }

  /** undefined: none was stored. Throws Error when what is there is no book. */
  async load(): Promise<PriceBook | undefined> {
    const text = (await this.#get())?.data?.[PRICE_BOOK_KEYS.book];
    return text === undefined ? undefined : readBook(text);
  }

  /** Another replica may be writing at the same moment, mostly the same; whoever comes second looks once more. */
  async save(book: PriceBook, source: string): Promise<void> {
    await this.#write(book, source).catch((error: unknown) => {
      if (!hasStatus(error, 409)) throw error;
      return this.#write(book, source);
    });
  }

  async #write(book: PriceBook, source: string): Promise<void> {
    const version = priceBookVersion(book);
    const held = await this.#get();
    if (held?.data?.[PRICE_BOOK_KEYS.version] === version) return;
    const { book: bookKey, version: versionKey, source: sourceKey } = PRICE_BOOK_KEYS;
    const data = { [versionKey]: version, [sourceKey]: source, [bookKey]: JSON.stringify(book) };
    const metadata = { ...this.#ref, labels: { [LABEL.priceBook]: 'true' } };
    const object = { apiVersion: apiVersionOf(CONFIG_MAP), kind: CONFIG_MAP.kind, data };
    if (held === undefined) {
      await this.#client.create(CONFIG_MAP, this.#ref.namespace, { ...object, metadata });
      return;
    }
    const { resourceVersion } = held.metadata;
    await this.#client.replace(CONFIG_MAP, this.#ref, { ...object, metadata: { ...metadata, resourceVersion } });
  }

  #get(): Promise<ConfigMap | undefined> {
    return this.#client.find<ConfigMap>(CONFIG_MAP, this.#ref);
  }
}
