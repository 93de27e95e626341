/** The stores of books; the URL says which. A store is its folder and its line here. */
import type { GrantStore } from '#treasury/grant-store';
import { CLUSTER_STORE } from './cluster/cluster-store.ts';
import { FILE_STORE } from './file/file-store.ts';
import { POSTGRES_STORE } from './postgres/postgres-store.ts';
import type { Cluster, GrantStoreKind } from './store-kind.ts';

export const GRANT_STORES: readonly GrantStoreKind[] = [CLUSTER_STORE, FILE_STORE, POSTGRES_STORE];

/** Throws Error with a sentence that begins with `setting` and names the known ones; never the URL, which may hold a password. */
export function grantStoreKind(url: string, setting = 'A grant store'): GrantStoreKind {
  const kind = GRANT_STORES.find(({ pattern }) => pattern.test(url));
  if (kind) return kind;
  throw new Error(`${setting} must be ${GRANT_STORES.map(({ form }) => form).join(' or ')}.`);
}

/** Throws like `grantStoreKind` and `GrantStoreKind.open`. Without a cluster there is no store in one. */
export const openGrantStore = (url: string, cluster?: Cluster): GrantStore => grantStoreKind(url).open(url, cluster);
