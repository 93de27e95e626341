/**
 * What changed while nobody watched: the objects of the API server against those that the history knows. What is known is read first,
 * so that whatever is missing in the list that follows is gone: a uid never comes back.
 */
import type { AuditFact, KnownObject } from '#contract/history/audit';
import { USER_KINDS } from '#contract/resources/kinds';
import type { AuditStore } from '#history/history-store';
import type { KubeClient } from '#operator/kube/kube-client';
import { pathOf, type ResourceType, remoraType } from '#operator/kube/resource-type';
import type { Compare } from './audit-trail.ts';
import { type AuditedObject, seenFact, writtenMs } from './facts.ts';
import type { Watched } from './watched-objects.ts';

export interface CompareOptions {
  readonly store: Pick<AuditStore, 'auditKnown'>;
  readonly client: Pick<KubeClient, 'call'>;
  readonly cluster: () => Promise<string>;
  /** Only this namespace is governed; undefined means the whole cluster. */
  readonly namespace: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface Page {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly AuditedObject[];
}

/** Bounds what is in memory at one time. */
const PAGE_OBJECTS = 100;

export const compareObjects =
  (options: CompareOptions): Compare =>
  async (watched, keep) => {
    const known = await allKnown(options);
    for (const { kind } of USER_KINDS)
      for await (const objects of pagesOf(options, remoraType(kind))) {
        const news = objects.map((object) => ({ ...object, kind })).filter((object) => isNews(object, known, watched));
        const facts = news.map((object) => seenFact(object, writtenMs(object) ?? options.now()));
        if (facts.length > 0) await keep(facts);
      }
    const timeMs = options.now();
    const missing = [...known.values()].filter((object) => !watched.isThere(object));
    const gone = missing.map(
      ({ kind, namespace, name, uid }): AuditFact => ({ is: 'gone', kind, namespace, name, uid, timeMs }),
    );
    for (let start = 0; start < gone.length; start += PAGE_OBJECTS) await keep(gone.slice(start, start + PAGE_OBJECTS));
  };

/** Takes it off what is left. */
function isNews(object: AuditedObject, known: Map<string, KnownObject>, watched: Watched): boolean {
  const { uid = '', generation } = object.metadata;
  const before = known.get(uid);
  known.delete(uid);
  return before?.generation !== generation && watched.hasShown(object);
}

async function allKnown({ store, cluster, namespace }: CompareOptions): Promise<Map<string, KnownObject>> {
  const scope = { cluster: await cluster(), namespace };
  const known = new Map<string, KnownObject>();
  let after: string | undefined;
  do {
    const page = await store.auditKnown(scope, after);
    for (const one of page.known) known.set(one.uid, one);
    after = page.next;
  } while (after !== undefined);
  return known;
}

/** Together one state of the collection. Rejects where that is over before all of it was read. */
async function* pagesOf(
  { client, namespace = '' }: CompareOptions,
  type: ResourceType,
): AsyncGenerator<readonly AuditedObject[]> {
  let token: string | undefined;
  do {
    const query = { limit: PAGE_OBJECTS, continue: token };
    const { items, metadata }: Page = await client.call({ method: 'GET', path: pathOf(type, { namespace }), query });
    yield items;
    token = metadata.continue || undefined;
  } while (token !== undefined);
}
