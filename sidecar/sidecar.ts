/** The data plane put together: policy in on one side, requests on the other. Both ways to run, in a pod and on a laptop, start here. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Unfit } from '#contract/policy/unfit';
import type { MeasuredExperiment } from '#contract/policy/variant-counts';
import type { BudgetGate } from '#sidecar/budget/budget-gate';
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { Jobs } from '#sidecar/jobs/jobs';
import type { PolicySink } from '#sidecar/policy/policy-source';
import type { LabelledFeedback } from '#sidecar/server/feedback-endpoint';
import { HealthServer, type MetricsPage } from '#sidecar/server/health';
import { Ingress } from '#sidecar/server/ingress';
import { faultLogger } from '#sidecar/telemetry/fault-log';
import type { Telemetry } from '#sidecar/telemetry/request-record';
import type { SidecarTelemetry } from '#sidecar/telemetry/telemetry';
import { REAL_TIMERS, type Timers } from '#sidecar/time/timers';
import type { Upstream } from '#sidecar/upstream/upstream';
import { assemblePipeline } from './assemble-pipeline.ts';
import { budgetStopped } from './budget/stopped.ts';
import type { Cloud } from './credentials/cloud.ts';
import type { SharedGates } from './pipeline/admission/shared-gates.ts';
import type { AnswerCache } from './pipeline/cache/answer-cache.ts';
import type { RolledBack, VariantBoard } from './pipeline/experiments/variant-board.ts';
import { BREAKER_STATES } from './pipeline/health/circuit-breaker.ts';
import type { BreakerChange } from './pipeline/health/circuit-breakers.ts';
import { targetRows } from './pipeline/health/target-board.ts';
import type { PolicyHolder } from './pipeline/policy/policy-holder.ts';
import { type CompileGuardrails, experimentsOf } from './pipeline/policy/snapshot.ts';

export interface SidecarDeps {
  readonly budgetGate: BudgetGate;
  readonly compileGuardrails: CompileGuardrails;
  readonly telemetry: Telemetry;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds that never step back, by which what is known of targets ages. Default: those of the process. */
  readonly monotonicMs?: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newRequestId: () => string;
  /** Default: undici for providers on the network, the mock in the process. */
  readonly upstream?: Upstream;
  /** How credentials of clouds are fetched. Default: over HTTP, from the files of this machine and no environment. */
  readonly cloud?: Partial<Cloud>;
  /** Told of each credential that could not be fetched, without secrets. Default: nobody. */
  readonly onCredentialFailure?: (provider: string, message: string) => void;
  /** Told of each circuit breaker that opens, tries its target out, or closes. Default: nobody. */
  readonly onBreakerChange?: (change: BreakerChange) => void;
  /** What `/metrics` shows; without it the path is not served. */
  readonly metrics?: MetricsPage;
  /** Told of each attempt to post the result of a job that was not taken. Default: nobody. */
  readonly onPostFailed?: (jobId: string, reason: string, isLast: boolean) => void;
  /** Of jobs, and of limits that end by themselves. Default: those of the process. */
  readonly timers?: Timers;
  /** An operator tells how much of what all pods share is this one's. Default: no, all of it is. */
  readonly sharesWithOthers?: boolean;
  /** Told of each feedback that counts. Default: nobody. */
  readonly onFeedback?: (feedback: LabelledFeedback) => void;
  /** Told when a variant gets no more requests from here. Default: nobody. */
  readonly onRolledBack?: (told: RolledBack) => void;
  /** Told of faults of our own, which a client sees as `internal`. Default: nobody. */
  readonly onFault?: (cause: unknown, requestId: string) => void;
}

/** As a process of its own has them: the machine's clock and randomness, and all that happens told to its telemetry. */
export const processDeps = (telemetry: SidecarTelemetry, budgetGate: BudgetGate): SidecarDeps => ({
  budgetGate,
  compileGuardrails,
  telemetry,
  metrics: telemetry.metrics,
  now: Date.now,
  random: Math.random,
  newRequestId: randomUUID,
  cloud: { env: process.env },
  onCredentialFailure: (provider, message) => telemetry.log.warn({ provider }, message),
  onBreakerChange: breakerTeller(telemetry),
  onPostFailed: (job, reason, isLast) =>
    telemetry.log.warn(
      { job, reason },
      isLast ? 'the result of a job is not posted' : 'the result of a job will be posted again',
    ),
  onFeedback(feedback) {
    telemetry.metrics.feedback(feedback);
    telemetry.log.info(feedback, 'feedback');
  },
  onRolledBack(told) {
    telemetry.metrics.rolledBack(told);
    telemetry.log.warn(told, 'a variant fails too often and gets no more requests from this pod');
  },
  onFault: faultLogger(telemetry.log),
});

const breakerTeller =
  ({ log, metrics }: SidecarTelemetry) =>
  ({ provider, model, state, why }: BreakerChange): void => {
    metrics.breakerChanged({ provider, model }, BREAKER_STATES[state]);
    if (state === 'open') log.warn({ provider, model, reason: why }, 'circuit breaker opened');
    else if (state === 'closed') log.info({ provider, model }, 'circuit breaker closed');
    else log.debug({ provider, model }, 'circuit breaker half-open');
  };

interface DrainTimes {
  /** For requests under way. Default: `drainMs` of the configuration. */
  readonly deadlineMs?: number;
  /** For what no client waits for: jobs, and streams that are read to their end after their client has left. Default: `deadlineMs`. */
  readonly unattendedMs?: number;
}

export interface Sidecar {
  readonly sink: PolicySink;
  /** What this sidecar found unfit, for the others. */
  unfit(): readonly Unfit[];
  /** How the variants of its routes do here. */
  measured(): readonly MeasuredExperiment[];
  /** What it shares with all pods. */
  readonly shared: SharedGates;
  /** Rejects with ListenError when an address cannot be bound; then nothing listens. */
  listen(): Promise<{ readonly ingress: AddressInfo; readonly health: AddressInfo }>;
  /** Drains until nothing is open, at most as long as told, then ends what is left and frees everything. */
  close(options?: DrainTimes): Promise<void>;
}

export function createSidecar(config: SidecarConfig, deps: SidecarDeps): Sidecar {
  const parts = assemblePipeline(config, deps);
  const { policies, health, latencies, variants, deadlines, remembered, cache, shadows, drains, upstream } = parts;
  const common = { ...deps, ...parts, config, onFeedback: deps.onFeedback ?? (() => {}) };
  const jobs = new Jobs({
    ...common,
    timers: deps.timers ?? REAL_TIMERS,
    randomId: () => randomBytes(16).toString('hex'),
    onPostFailed: deps.onPostFailed ?? (() => {}),
  });
  const ingress = new Ingress({ ...common, jobs });
  const notStarted = (): string | undefined =>
    policies.current !== undefined || config.start === 'degraded' ? undefined : 'no policy applied yet';
  const probes = new HealthServer(config.health, {
    notStarted,
    notReady: () => (ingress.draining ? 'shutting down' : notStarted()),
    metrics: deps.metrics,
    variants: () => variants.rows(),
    targets: () => targetRows(policies.current, { health, latencies, credentials: policies.credentials }),
  });
  return {
    sink: waking(policies, { jobs, variants, ingress, cache }),
    unfit: () => health.unfit(),
    measured: () => variants.measured(),
    shared: parts.gates,
    async listen() {
      const healthAddress = await probes.listen();
      try {
        await jobs.open();
        return { ingress: await ingress.listen(), health: healthAddress };
      } catch (error) {
        await probes.close();
        throw error;
      }
    },
    async close({ deadlineMs = config.drainMs, unattendedMs = deadlineMs } = {}) {
      deadlines.in(unattendedMs, () => drains.close());
      await Promise.all([ingress.close({ deadlineMs }), jobs.close({ deadlineMs: unattendedMs }), shadows.close()]);
      await upstream.close();
      await probes.close();
      deadlines.close();
      remembered.clear();
      cache.clear();
    },
  };
}

interface Woken {
  readonly jobs: Jobs;
  readonly variants: VariantBoard;
  readonly ingress: Ingress;
  readonly cache: AnswerCache;
}

/** Jobs that waited for a policy or a key go on with it, its variants are those that count, and what it stops at once ends. */
const waking = (policies: PolicyHolder, { jobs, variants, ingress, cache }: Woken): PolicySink => ({
  applyPolicy(policy, hash) {
    const result = policies.applyPolicy(policy, hash);
    const { current } = policies;
    if (current !== undefined) variants.stated(experimentsOf(current));
    if (!current?.allRoutes.some((route) => route.cache)) cache.clear();
    const stop = current?.stop;
    if (stop?.stop?.inFlight === true) for (const place of [ingress, jobs]) place.endOpen(() => budgetStopped(stop));
    jobs.wake();
    return result;
  },
  applyCredentials(credentials) {
    policies.applyCredentials(credentials);
    jobs.wake();
  },
  applyHints: (unfit, ttlMs) => policies.applyHints(unfit, ttlMs),
});
