/** Composition root of the control plane: builds the parts, starts them in order, and stops them in the reverse order. */
import { randomUUID } from 'node:crypto';
import { createAdmissionServer } from '#operator/admission/admission-server';
import { openWebhookPoster } from '#operator/alerts/webhook-post';
import { Controller } from '#operator/controller/controller';
import type { ClusterAccess } from '#operator/kube/cluster-access';
import { EventRecorder } from '#operator/kube/event-recorder';
import { FleetShares } from '#operator/kube/fleet-shares';
import { KubeClient } from '#operator/kube/kube-client';
import { LeaderElection } from '#operator/kube/leader-election';
import { ledgerClient } from '#operator/kube/ledger-client';
import {
  type KubeObject,
  MUTATING_WEBHOOK,
  POD,
  type ResourceType,
  VALIDATING_WEBHOOK,
} from '#operator/kube/resource-type';
import { WebhookCa } from '#operator/kube/webhook-ca';
import { createPushServer, type PushServer } from '#operator/push/push-server';
import { createHealthServer } from '#operator/telemetry/health-server';
import type { Logger } from '#operator/telemetry/log';
import { createMetrics, type OperatorMetrics } from '#operator/telemetry/metrics';
import { LedgerIndex } from '#treasury/stores/cluster/ledger-index';
import { openGrantStore } from '#treasury/stores/index';
import { Treasury } from '#treasury/treasury';
import { type OperatorConfig, serviceNames } from './config.ts';
import { replicaIdentity } from './controller/ack-reports.ts';
import { AuthoritySecret } from './kube/certificate-authority-secret.ts';
import { createOperatorHistory, type OperatorHistory } from './operator-history.ts';
import { startPrices } from './prices/start-prices.ts';
import { Shutdown } from './shutdown.ts';
import { ensureAuthority } from './trust/certificate-authority.ts';

const LEASE_NAME = 'remora-operator';
const LOOK_AT_BUDGETS_EVERY_MS = 30_000;
/** Of budgets with alerts, where nobody tells of changes in their store. */
const LOOK_AT_ALERTS_EVERY_MS = 5_000;
const LOOK_AT_VARIANTS_EVERY_MS = 10_000;

export interface OperatorOptions {
  readonly config: OperatorConfig;
  readonly access: ClusterAccess;
  readonly log: Logger;
  readonly version: string;
  /** How old a budget's status may be where nobody tells of changes in its store. Default: 30 seconds. */
  readonly lookAtBudgetsEveryMs?: number;
  /** How often what was measured of variants is judged and written into status. Default: 10 seconds. */
  readonly lookAtVariantsEveryMs?: number;
}

export interface Operator {
  readonly ports: {
    readonly push: number;
    readonly webhook: number;
    readonly health: number;
    /** undefined where another process serves reports, or nobody. */
    readonly history: number | undefined;
  };
  /** CA certificate in PEM by which the push and webhook servers are known. */
  readonly caPem: string;
  /** Whether this replica writes status. */
  leads(): boolean;
  /** Says that it is not ready any more and asks sidecars to go elsewhere; goes on serving whoever still comes. */
  drain(): void;
  /** Drains, frees the Lease, writes what is under way, closes. Safe to call twice. */
  close(): Promise<void>;
}

/** What the health server looks at before the rest exists. */
interface Readiness {
  unsynced: () => readonly string[];
  serving: boolean;
}

/** Resolves when the operator serves: everything was read once and streams are accepted. Rejects when a port is taken. */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const shutdown = new Shutdown(options.log);
  try {
    return await start(options, shutdown);
  } catch (error) {
    await shutdown.close();
    throw error;
  }
}

async function start(options: OperatorOptions, shutdown: Shutdown): Promise<Operator> {
  const { config, log } = options;
  const metrics = createMetrics();
  const readiness: Readiness = { unsynced: () => ['the API server'], serving: false };
  const health = await startHealth(config, { metrics, readiness }, shutdown);

  const client = new KubeClient(options.access);
  shutdown.add(() => client.close());
  const secret = new AuthoritySecret(client, { namespace: config.namespace, name: config.authoritySecret });
  const authority = await ensureAuthority(secret);
  const certificate = await authority.issue([...serviceNames(config), 'localhost']);
  const tls = { ...certificate, caPem: authority.caPem };
  const webhook = await startAdmission(options, tls, shutdown);

  const owner = await ownPod(client, config);
  const plane = buildPlane(options, { client, metrics, tls, owner }, shutdown);
  readiness.unsynced = () => plane.controller.unsynced();
  await startPrices(options, { client, owner, metrics, controller: plane.controller }, shutdown);
  await Promise.all([plane.controller.start(), plane.shares.start()]);
  const history = await plane.history?.listen(config.host, config.ports.history);
  const push = await plane.push.listen(config.host, config.ports.push);
  plane.election.start();
  shutdown.add(() => plane.election.close());
  const ca = { client, caPem: tls.caPem };
  const webhookCa = keepWebhookCa(options, { ...ca, type: MUTATING_WEBHOOK }, shutdown);
  // Nobody waits for this one: while the API server cannot reach it, objects pass and their conditions say what is wrong.
  keepWebhookCa(options, { ...ca, type: VALIDATING_WEBHOOK }, shutdown);
  readiness.unsynced = () => [
    ...plane.controller.unsynced(),
    ...(webhookCa?.isSet === false ? ['the CA of its webhooks'] : []),
  ];
  const drain = (): void => {
    readiness.serving = false;
    plane.push.drain();
  };
  shutdown.add(async () => drain());
  readiness.serving = true;
  log.info({ push, webhook, health, history, platformNamespaces: config.platformNamespaces }, 'serving');
  return {
    ports: { push, webhook, health, history },
    caPem: tls.caPem,
    leads: () => plane.election.leads,
    drain,
    close: () => shutdown.close(),
  };
}

interface Foundation {
  readonly client: KubeClient;
  readonly metrics: OperatorMetrics;
  readonly tls: { readonly certPem: string; readonly keyPem: string; readonly caPem: string };
  readonly owner: { readonly name: string; readonly uid: string } | undefined;
}

interface Plane {
  readonly controller: Controller;
  readonly push: PushServer;
  readonly election: LeaderElection;
  readonly shares: FleetShares;
  readonly history: OperatorHistory | undefined;
}

/** The parts that know each other; none of them acts before it is started. */
function buildPlane(options: OperatorOptions, base: Foundation, shutdown: Shutdown): Plane {
  const { config, log, lookAtBudgetsEveryMs = LOOK_AT_BUDGETS_EVERY_MS } = options;
  const { client, metrics, tls, owner } = base;
  const { namespace, platformNamespaces, watchNamespace } = config;
  const replica = replicaIdentity(config.podName);
  const ledgers = new LedgerIndex();
  const store = openGrantStore(config.grantStore, {
    ledgers,
    objects: ledgerClient(client),
    ownerOf: (budgetId) => controller.budgetOwner(budgetId),
  });
  shutdown.add(() => store.close());
  const treasury = new Treasury({
    ...{ store, now: Date.now, newId: randomUUID, hasPeers: true },
    onRecall: () => metrics.recalls.inc(),
    onBehind: (book) => {
      metrics.booksBehind.inc();
      log.error(
        { book },
        'the book of a limit was set back to an earlier state; sidecars are asked what they know of it',
      );
      push.greetAnew();
    },
  });
  const election = new LeaderElection({
    ...{ client, namespace, log, name: LEASE_NAME, identity: `${replica}_${randomUUID()}` },
    onChange: (leads) => {
      if (leads) controller.refreshAll();
    },
  });
  const webhooks = openWebhookPoster();
  shutdown.add(() => webhooks.close());
  const controller: Controller = new Controller({
    ...{ client, treasury, ledgers, metrics, log, namespace, platformNamespaces, watchNamespace, owner, replica },
    push: {
      publish: (workloadKey, pushed) => push.publish(workloadKey, pushed),
      remove: (workloadKey) => push.remove(workloadKey),
      gone: (podUid) => push.gone(podUid),
    },
    events: new EventRecorder({ client, instance: replica, log }),
    leads: () => election.leads,
    webhooks,
    lookAtAlertsEveryMs: store.watched ? undefined : LOOK_AT_ALERTS_EVERY_MS,
    lookAtVariantsEveryMs: options.lookAtVariantsEveryMs ?? LOOK_AT_VARIANTS_EVERY_MS,
    now: Date.now,
  });
  const shares = new FleetShares({ client, namespace, log, replica: `${replica}_${randomUUID()}`, now: Date.now });
  const history = createOperatorHistory(config.history, {
    ...{ client, tls, log, metrics: metrics.history, due: () => election.leads },
  });
  const push: PushServer = createPushServer({
    ...(history !== undefined && { keepUsage: history.keepUsage }),
    ...{ treasury, tls, log, events: controller, shareBounds: shares },
    authenticate: (token) => controller.authenticate(token),
    now: () => performance.now(),
  });
  observe(metrics, controller, push);
  treasury.keepSwept({
    due: () => election.leads,
    onFailed: (error) => log.warn({ err: error }, 'could not delete the books of long ago'),
  });
  if (!store.watched) {
    // Stands in for the watch over the books, which only those in the API server have.
    const looking = setInterval(() => {
      if (election.leads) controller.refreshAll();
    }, lookAtBudgetsEveryMs).unref();
    shutdown.add(async () => clearInterval(looking));
  }
  if (history !== undefined) shutdown.add(() => history.close());
  shutdown.add(() => treasury.close());
  shutdown.add(() => controller.close());
  shutdown.add(() => shares.close());
  shutdown.add(() => push.close());
  return { controller, push, election, shares, history };
}

function observe(metrics: OperatorMetrics, controller: Controller, push: PushServer): void {
  metrics.watchLag(() => controller.lags());
  metrics.syncStreams(() => controller.acks.connected());
  metrics.unfitReports(() => push.unfitReports());
  metrics.shares(() => push.shareCounts());
}

async function startHealth(
  { host, ports }: OperatorConfig,
  { metrics, readiness }: { readonly metrics: OperatorMetrics; readonly readiness: Readiness },
  shutdown: Shutdown,
): Promise<number> {
  const health = createHealthServer({
    unready: () => {
      const unsynced = readiness.unsynced();
      return unsynced.length > 0 || readiness.serving ? unsynced : ['its turn to serve: it starts or leaves'];
    },
    metrics: () => metrics.registry.metrics(),
    metricsType: metrics.registry.contentType,
  });
  const port = await health.listen(host, ports.health);
  shutdown.add(() => health.close());
  return port;
}

async function startAdmission(
  { config, log, version }: OperatorOptions,
  tls: Foundation['tls'],
  shutdown: Shutdown,
): Promise<number> {
  const { sidecar, service, namespace, otlpEndpoint } = config;
  const injection = {
    ...{ version, otlpEndpoint, caPem: tls.caPem },
    ...{ image: sidecar.image, imagePullPolicy: sidecar.pullPolicy, logLevel: sidecar.logLevel },
    maxRequests: sidecar.maxRequests,
    operatorAddress: `${service}.${namespace}.svc:${config.ports.push}`,
  };
  const platformNamespaces = new Set(config.platformNamespaces);
  const admission = createAdmissionServer({ tls, log, config: { injection, platformNamespaces } });
  const port = await admission.listen(config.host, config.ports.webhook);
  shutdown.add(() => admission.close());
  return port;
}

function keepWebhookCa(
  { config, log }: OperatorOptions,
  ca: { readonly client: KubeClient; readonly caPem: string; readonly type: ResourceType },
  shutdown: Shutdown,
): WebhookCa | undefined {
  if (config.webhookConfiguration === undefined) return undefined;
  const webhookCa = new WebhookCa({ ...ca, log, name: config.webhookConfiguration });
  webhookCa.start();
  shutdown.add(() => webhookCa.close());
  return webhookCa;
}

/** The operator's own pod, which owns what should go with it; undefined outside a cluster. */
async function ownPod(client: KubeClient, { namespace, podName }: OperatorConfig): Promise<Foundation['owner']> {
  if (podName === undefined) return undefined;
  const pod = await client.get<KubeObject>(POD, { namespace, name: podName });
  return pod.metadata.uid ? { name: podName, uid: pod.metadata.uid } : undefined;
}
