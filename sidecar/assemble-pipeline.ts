/** What all requests of one sidecar share: the policy in force, what is known of targets, and what is bounded over all of them. */
import { randomBytes } from 'node:crypto';
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import { Upstreams } from '#sidecar/upstream/upstreams';
import { CredentialBroker } from './credentials/credential-broker.ts';
import { processClock, processCloud } from './credentials/process-cloud.ts';
import { Keepers } from './pipeline/accounts/keepers.ts';
import { Admission } from './pipeline/admission/admission.ts';
import { ProviderPlaces } from './pipeline/admission/provider-places.ts';
import { SharedGates } from './pipeline/admission/shared-gates.ts';
import { HEDGES, RetryBudgets } from './pipeline/attempts/retry-budget.ts';
import { AnswerCache } from './pipeline/cache/answer-cache.ts';
import { EndpointBalancer } from './pipeline/endpoints/endpoint-balancer.ts';
import { RatedAnswers } from './pipeline/experiments/rated-answers.ts';
import { Shadows } from './pipeline/experiments/shadows.ts';
import { VariantBoard } from './pipeline/experiments/variant-board.ts';
import type { PipelineDeps } from './pipeline/handle.ts';
import { CircuitBreakers } from './pipeline/health/circuit-breakers.ts';
import { CoolDowns } from './pipeline/health/cool-downs.ts';
import { Parking } from './pipeline/health/parking.ts';
import { RefusedCredentials } from './pipeline/health/refused-credentials.ts';
import { SharedHints } from './pipeline/health/shared-hints.ts';
import { TargetHealth } from './pipeline/health/target-health.ts';
import { PolicyHolder } from './pipeline/policy/policy-holder.ts';
import { RememberedAnswers } from './pipeline/remembered/remembered-answers.ts';
import { Deadlines } from './pipeline/scope/deadlines.ts';
import { TargetLatencies } from './pipeline/strategies/latency/target-latencies.ts';
import { PromptCacheMisses } from './pipeline/strategies/prompt-cache-misses.ts';
import { Drains } from './pipeline/streams/drains.ts';
import type { SidecarDeps } from './sidecar.ts';
import { REAL_TIMERS } from './time/timers.ts';

export interface PipelineParts extends PipelineDeps {
  readonly gates: SharedGates;
  readonly deadlines: Deadlines;
}

export function assemblePipeline(
  config: SidecarConfig,
  deps: Omit<SidecarDeps, 'newRequestId'>,
  deadlines = new Deadlines(),
): PipelineParts {
  const monotonicMs = deps.monotonicMs ?? ((): number => performance.now());
  const timers = deps.timers ?? REAL_TIMERS;
  const gates = new SharedGates({ nowMs: monotonicMs, timers, isAlone: deps.sharesWithOthers !== true });
  const places = new ProviderPlaces({ gates, nowMs: monotonicMs, nowUnixMs: deps.now, timers });
  const targets = watchTargets(deps, monotonicMs, places);
  const broker = brokerOf(deps);
  const admission = new Admission(monotonicMs, gates);
  const { lines } = deps.budgetGate;
  const limitQueue = lines && { lines, most: config.limitQueue.most };
  deps.metrics?.watchAdmission?.({
    routes: () => admission.counts(),
    providers: () => places.counts(),
    limits: () => lines?.counts() ?? [],
  });
  const cache = new AnswerCache(config.cache, monotonicMs);
  deps.metrics?.watchCache?.(() => cache);
  const { now, random, budgetGate, telemetry, compileGuardrails, onFault = () => {} } = deps;
  return {
    ...{ now, random, monotonicMs, deadlines, budgetGate, telemetry, onFault, broker, admission, places, gates },
    limitQueue,
    cache,
    ...{ health: targets.health, endpoints: targets.endpoints, latencies: targets.latencies },
    policies: new PolicyHolder({ compileGuardrails, broker, health: targets.health, hints: targets.hints }),
    upstream: deps.upstream ?? new Upstreams(now, config.upstreamCa === undefined ? {} : { ca: config.upstreamCa }),
    retries: new RetryBudgets(monotonicMs),
    hedges: new RetryBudgets(monotonicMs, HEDGES),
    keepers: new Keepers(),
    remembered: new RememberedAnswers(config.remembered, randomBytes(32).toString('hex')),
    drains: new Drains(config.drained),
    variants: new VariantBoard(deps.onRolledBack ?? (() => {})),
    shadows: new Shadows(config.shadows, deadlines, new TargetHealth([places])),
    answers: new RatedAnswers(),
  };
}

/** Everybody who learns from attempts, told in this order. */
function watchTargets(
  { telemetry, random, onBreakerChange }: Omit<SidecarDeps, 'newRequestId'>,
  nowMs: () => number,
  places: ProviderPlaces,
) {
  const hints = new SharedHints(nowMs);
  const latencies = new TargetLatencies(nowMs);
  const misses = new PromptCacheMisses();
  const endpoints = new EndpointBalancer({ nowMs, random });
  const health = new TargetHealth([
    ...[new Parking(nowMs), new CoolDowns(nowMs), new CircuitBreakers(nowMs, onBreakerChange)],
    ...[hints, new RefusedCredentials(), places],
    ...[latencies, misses, endpoints],
  ]);
  telemetry.watchTargets?.({
    latencies: () => latencies.readings(),
    promptCacheMisses: () => misses.readings(),
  });
  return { health, hints, latencies, endpoints };
}

const brokerOf = ({ now, random, cloud, onCredentialFailure }: Omit<SidecarDeps, 'newRequestId'>): CredentialBroker =>
  new CredentialBroker({
    cloud: { ...processCloud, now, ...cloud },
    clock: { ...processClock, random },
    onFailure: onCredentialFailure ?? (() => {}),
  });
