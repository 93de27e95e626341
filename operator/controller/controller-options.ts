/** What the loop works with, and what it is told of where it runs. */

import type { WebhookPoster } from '#operator/alerts/webhook-post';
import type { AuditTrail } from '#operator/audit/audit-trail';
import type { EventRecorder } from '#operator/kube/event-recorder';
import type { KubeClient } from '#operator/kube/kube-client';
import type { PushServer } from '#operator/push/push-server';
import type { Logger } from '#operator/telemetry/log';
import type { OperatorMetrics } from '#operator/telemetry/metrics';
import type { LedgerIndex } from '#treasury/stores/cluster/ledger-index';
import type { Treasury } from '#treasury/treasury';

export interface ControllerOptions {
  readonly client: KubeClient;
  readonly push: Pick<PushServer, 'publish' | 'remove' | 'gone'>;
  readonly treasury: Pick<Treasury, 'status' | 'forfeit'>;
  /** Told of users' objects, and of what is decided about them; undefined: changes are not recorded. */
  readonly audit: Pick<AuditTrail, 'seen' | 'gone' | 'decided'> | undefined;
  /** Told of every ledger that the watch shows. */
  readonly ledgers: Pick<LedgerIndex, 'apply' | 'remove' | 'count'>;
  readonly events: EventRecorder;
  readonly metrics: OperatorMetrics;
  readonly log: Logger;
  /** Namespace of the operator. */
  readonly namespace: string;
  readonly platformNamespaces: readonly string[];
  /** Only this namespace is governed; undefined means the whole cluster. */
  readonly watchNamespace: string | undefined;
  /** Names this replica; stays the same when its process starts anew. */
  readonly replica: string;
  readonly owner: { readonly name: string; readonly uid: string } | undefined;
  readonly leads: () => boolean;
  /** How old the figures of an object with alerts may be, in milliseconds; undefined: the watch over its books tells of changes. */
  readonly lookAtAlertsEveryMs: number | undefined;
  /** Posts alerts. Closed by who opened it. */
  readonly webhooks: Pick<WebhookPoster, 'post'>;
  /** How often what was measured of variants is judged and written into status, in milliseconds. */
  readonly lookAtVariantsEveryMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}
