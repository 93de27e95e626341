/** The sidecar as it runs beside a pod: the data plane, fed by the operator's stream, paying from grants, with a journal to prove it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Journal, openJournal } from '#sidecar/budget/journal';
import { DEFAULT_SIDECAR_CONFIG, type SidecarConfig } from '#sidecar/config/sidecar-config';
import { openLastKnownGood } from '#sidecar/policy/last-known-good';
import type { PolicySink } from '#sidecar/policy/policy-source';
import { SyncClient } from '#sidecar/sync/sync-client';
import { createTelemetry, type SidecarTelemetry } from '#sidecar/telemetry/telemetry';
import { createBudgetGate, type SidecarBudgetGate } from './budget/granted-budget-gate.ts';
import type { SidecarEnvironment } from './config/environment.ts';
import { createSidecar, processDeps, type Sidecar } from './sidecar.ts';

export interface InjectedSidecar {
  /** Serves, runs the last known good policy, connects. Rejects with ListenError when a port is taken. */
  start(): Promise<void>;
  /**
   * Lets open requests end, for `drainMs` of the environment at most, settles them, tells the operator what was spent and gives back
   * the rest, which takes less than four seconds more.
   */
  stop(): Promise<void>;
}

/**
 * Kubelet stops a sidecar after its app, with two seconds left in the worst case: for whom nobody waits, waiting would only cost money.
 * Who still reads is another sidecar, or the app where the sidecar's container alone is stopped, and has the time of the pod.
 */
const UNATTENDED_MS = 500;
/** For the last returns and reports, of the about two seconds that kubelet always leaves. */
const SETTLE_MS = 1_500;
const FLUSH_TRACES_MS = 1_000;

interface Parts {
  readonly telemetry: SidecarTelemetry;
  readonly journal: Journal;
  readonly client: SyncClient;
  readonly gate: SidecarBudgetGate;
  readonly sidecar: Sidecar;
}

/** `version`: of this build, told to the operator. */
export async function createInjectedSidecar(
  environment: SidecarEnvironment,
  version: string,
): Promise<InjectedSidecar> {
  const telemetry = await createTelemetry({
    logLevel: environment.logLevel,
    ...(environment.otlpEndpoint === undefined ? {} : { otlpEndpoint: environment.otlpEndpoint }),
    serviceName: 'remora-sidecar',
    now: Date.now,
  });
  const parts = assemble(environment, version, telemetry);
  const { client, sidecar } = parts;
  const { log } = telemetry;
  return {
    async start() {
      const { podNamespace, podName } = environment;
      client.start(withMetrics(sidecar.sink, telemetry));
      const { ingress, health } = await sidecar.listen();
      log.info({ version, pod: `${podNamespace}/${podName}`, ingress: ingress.port, health: health.port }, 'serving');
    },
    stop: () => stop(parts),
  };
}

function assemble(environment: SidecarEnvironment, version: string, telemetry: SidecarTelemetry): Parts {
  const { log } = telemetry;
  // A container that starts again is another instance of the same pod.
  const instance = `${environment.podUid}.${randomBytes(6).toString('hex')}`;
  const journal = openJournalIn(environment.journalDir);
  const client = new SyncClient({
    address: environment.operatorAddress,
    caPem: environment.caPem,
    tokenFile: environment.tokenFile,
    instance,
    build: version,
    lastKnownGood: openLastKnownGood(environment.stateDir, log),
    outbox: {
      grants: () => gate.usage(),
      pending: (atMost) => gate.rows(atMost),
      acknowledge: (of, seq) => gate.acknowledge(of, seq),
    },
    closed: () => gate.closed(),
    unfit: () => sidecar.unfit(),
    variants: () => sidecar.measured(),
    shared: () => sidecar.shared,
    log,
  });
  const gate = createBudgetGate({
    authority: client.authority,
    journal,
    instance,
    now: Date.now,
    hooks: {
      overrun: (budget, amount) => log.warn({ budget, amount: amount.toString() }, 'billed above the enforced bound'),
      journalFailed: () => log.error({ dir: environment.journalDir }, 'the journal cannot be written'),
      journalDamaged: () =>
        log.error(
          { dir: environment.journalDir },
          'the journal was damaged, or its node was restarted; its grants are spent',
        ),
    },
  });
  telemetry.metrics.watchBacklog(() => gate.backlog);
  const deps = { ...processDeps(telemetry, gate), sharesWithOthers: true };
  const sidecar = createSidecar(configOf(environment), deps);
  return { telemetry, journal, client, gate, sidecar };
}

const configOf = ({
  maxRequests,
  ingressPort,
  healthPort,
  start,
  journalDir,
  stateDir,
  drainMs,
}: SidecarEnvironment): SidecarConfig => ({
  ...DEFAULT_SIDECAR_CONFIG,
  ingress: { ...DEFAULT_SIDECAR_CONFIG.ingress, port: ingressPort },
  health: { ...DEFAULT_SIDECAR_CONFIG.health, port: healthPort },
  ...(maxRequests !== undefined && { limits: { ...DEFAULT_SIDECAR_CONFIG.limits, requests: maxRequests } }),
  jobsIn: { dir: join(journalDir, 'jobs'), keyDir: stateDir },
  start,
  drainMs,
});

function openJournalIn(dir: string): Journal {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch {
    // The journal says so at its first use, and only budgets suffer.
  }
  return openJournal(join(dir, 'journal'));
}

const withMetrics = (sink: PolicySink, { metrics }: SidecarTelemetry): PolicySink => ({
  applyPolicy(policy, hash) {
    const result = sink.applyPolicy(policy, hash);
    if (result.applied) metrics.policyApplied(hash, Date.now());
    return result;
  },
  applyCredentials: (credentials) => sink.applyCredentials(credentials),
  applyHints: (unfit, ttlMs) => sink.applyHints(unfit, ttlMs),
});

async function stop({ telemetry, journal, client, gate, sidecar }: Parts): Promise<void> {
  await sidecar.close({ unattendedMs: UNATTENDED_MS });
  // Closing the gate queues its returns at once, so that settling waits for them as well.
  await Promise.all([atMost(SETTLE_MS, gate.close()), client.settle(SETTLE_MS)]);
  await client.close();
  journal.close();
  telemetry.log.info({}, 'stopped');
  await atMost(FLUSH_TRACES_MS, telemetry.close());
}

/** Goes on after `ms` whatever `work` does. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(deadline.resolve, ms);
  await Promise.race([work.catch(() => {}), deadline.promise]);
  clearTimeout(timer);
}
