/** What this sidecar knows of each target of its policy now: as JSON at `/targets`, where `remora status` reads it. Changes nothing. */
import type { CompiledTarget, Snapshot } from '#sidecar/pipeline/policy/snapshot';
import type { LatencyView, TargetLatency } from '#sidecar/pipeline/strategies/latency/target-latencies';
import type { Credentials } from '#sidecar/policy/policy-source';
import type { Concern, TargetHealth } from './target-health.ts';

export interface TargetRow {
  /** `namespace/name` of the AIProvider. */
  readonly provider: string;
  /** As a route's target names it; `*`: whatever is asked for. */
  readonly model: string;
  /** `namespace/name` of the AIRoutes that lead to it, in the order of the alphabet. */
  readonly routes: readonly string[];
  /** Absent: it has no circuit breaker. */
  readonly breaker?: 'closed' | 'half-open' | 'open';
  /** Why it is tried last, or is about to be tried out. */
  readonly concerns: readonly Concern[];
  /** Absent: no rule chooses by it, so that nobody measures it. */
  readonly latency?: { readonly streamed: LatencyRow; readonly whole: LatencyRow };
}

/** Until the first content, or of the whole answer. Milliseconds. */
interface LatencyRow {
  /** Decaying peak average; null before the first attempt. */
  readonly averageMs: number | null;
  /** Null with too few attempts to say. */
  readonly p95Ms: number | null;
}

export interface BoardDeps {
  readonly health: TargetHealth;
  readonly latencies: LatencyView;
  readonly credentials: Credentials;
}

/** One row per target, however many routes lead to it; two where they have breakers of their own. */
export function targetRows(snapshot: Snapshot | undefined, deps: BoardDeps): readonly TargetRow[] {
  const groups = new Map<string, { readonly target: CompiledTarget; readonly routes: Set<string> }>();
  for (const { policy, rules } of snapshot?.allRoutes ?? [])
    for (const target of rules.flatMap(targetsOf)) {
      const key = target.breaker ?? `${target.policy.provider} ${target.policy.model}`;
      const group = groups.get(key) ?? { target, routes: new Set() };
      groups.set(key, { ...group, routes: group.routes.add(policy.key) });
    }
  return [...groups.values()].map(({ target, routes }) => rowOf(target, [...routes].sort(), deps));
}

const targetsOf = ({ targets, fallbacks, experiment }: Snapshot['allRoutes'][number]['rules'][number]) => [
  ...targets,
  ...fallbacks,
  ...(experiment?.variants ?? []).map(({ target }) => target),
];

function rowOf(target: CompiledTarget, routes: readonly string[], deps: BoardDeps): TargetRow {
  const { provider } = target;
  const name = provider.policy.credential;
  const credential = name === null ? null : (deps.credentials.get(name) ?? null);
  const concerns = deps.health.concerns({ target, provider, credential });
  const state = concerns.find(({ by }) => by === 'CircuitBreaker')?.state ?? 'closed';
  const [streamed, whole] = [true, false].map((stream) => latencyOf(deps.latencies.peek(target, stream)));
  return {
    provider: provider.policy.key,
    model: target.policy.model,
    routes,
    ...(target.breaker !== null && { breaker: state }),
    concerns,
    ...(streamed && whole && { latency: { streamed, whole } }),
  };
}

const latencyOf = (known: TargetLatency | undefined): LatencyRow | undefined =>
  known && { averageMs: roundedOrNull(known.averageMs), p95Ms: roundedOrNull(known.p95Ms) };

const roundedOrNull = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms));
