/** Wires the refresh of the price book: what it takes goes to the controller, what it tells to the metrics. */
import { type PriceBook, priceBookVersion } from '#contract/compile/price-book-schema';
import type { AuditTrail } from '#operator/audit/audit-trail';
import { EventRecorder } from '#operator/kube/event-recorder';
import type { KubeClient } from '#operator/kube/kube-client';
import type { Logger } from '#operator/telemetry/log';
import type { OperatorMetrics } from '#operator/telemetry/metrics';
import { type BookPlace, openSource } from './book-source.ts';
import { BUILT_IN, PriceRefresh } from './price-refresh.ts';
import { StoredBook } from './stored-book.ts';

interface PricesOptions {
  readonly config: {
    readonly namespace: string;
    readonly service: string;
    readonly priceBook: { readonly place: BookPlace; readonly everyMs: number } | undefined;
  };
  readonly log: Logger;
}

interface Parts {
  readonly client: KubeClient;
  /** The operator's own pod, which events are about; undefined outside a cluster. */
  readonly owner: { readonly name: string; readonly uid: string } | undefined;
  readonly metrics: Pick<OperatorMetrics, 'priceBook' | 'priceBookRefreshes'>;
  /** undefined: changes are not recorded. */
  readonly audit: Pick<AuditTrail, 'decided'> | undefined;
  readonly controller: { takePriceBook(book: PriceBook): void; readonly index: { readonly priceBook: PriceBook } };
}

/** Resolves when the book that was stored last is in force; a source that is away holds nothing up. */
export async function startPrices(
  { config, log }: PricesOptions,
  { client, owner, metrics, controller, audit }: Parts,
  shutdown: { add(step: () => Promise<unknown>): void },
): Promise<void> {
  const inForce = (): PriceBook => controller.index.priceBook;
  metrics.priceBook(() => ({
    version: priceBookVersion(inForce()),
    ageSeconds: (Date.now() - Date.parse(inForce().date)) / 1000,
  }));
  const { namespace, service } = config;
  const stored = new StoredBook(client, { namespace, name: `${service}-price-book` });
  if (config.priceBook === undefined) {
    // For `remora status` alone, so that nothing waits for it.
    void stored.save(inForce(), BUILT_IN).catch((error: unknown) => {
      log.warn({ err: error }, 'could not tell the version of the price book to remora status');
    });
    return;
  }
  const events = new EventRecorder({ client, instance: owner?.name ?? service, log });
  const refresh = new PriceRefresh({
    source: openSource(config.priceBook.place, { client, namespace }),
    stored,
    everyMs: config.priceBook.everyMs,
    now: Date.now,
    inForce,
    take: (book) => {
      const [from, to] = [inForce(), book].map((one) => JSON.stringify(priceBookVersion(one)));
      controller.takePriceBook(book);
      const changes = [{ path: '/version', from, to }];
      audit?.decided({ action: 'priceBookTaken', what: priceBookVersion(book), changes, outcome: '' });
    },
    onOutcome: (outcome) => metrics.priceBookRefreshes.inc({ outcome }),
    onFault: (note) => {
      // Every replica finds the same, and finds it again when it starts anew.
      const what = `${new Date().toISOString().slice(0, 10)} ${note}`;
      audit?.decided({ action: 'priceBookRefused', what, outcome: note });
      if (owner === undefined) return;
      const pod = { apiVersion: 'v1', kind: 'Pod', namespace, ...owner };
      events.record(pod, { type: 'Warning', reason: 'PriceBookRefused', action: 'RefreshPrices', note });
    },
    log,
  });
  shutdown.add(() => refresh.close());
  await refresh.start();
}
