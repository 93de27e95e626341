/** A rule of a compiled policy as the strategies see it, with everything about a request that they may ask for. */
import type { PolicyRule, PolicyTarget } from '#contract/policy/policy';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { TargetHealth } from '#sidecar/pipeline/health/target-health';
import {
  type CompiledRule,
  type CompiledTarget,
  compileSnapshot,
  type Snapshot,
} from '#sidecar/pipeline/policy/snapshot';
import { targetOrder } from '#sidecar/pipeline/strategies/index';
import { TargetLatencies } from '#sidecar/pipeline/strategies/latency/target-latencies';
import type { OrderQuestion } from '#sidecar/pipeline/strategies/strategy';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from './build-policy.ts';
import { buildRequest } from './build-request.ts';

/** Numbers in [0, 1) that look like chance and are always the same (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** By name, such as `mock/a`, what is not as `buildTarget` makes it. */
export type RuleTargets = Readonly<Record<string, Partial<PolicyTarget>>>;

function snapshotOf(targets: RuleTargets, words: Partial<PolicyRule> = {}): Snapshot {
  const built = Object.entries(targets).map(([name, parts]) => buildTarget('shop', name, parts));
  const keys = new Set([...built, ...(words.fallbacks ?? [])].map(({ provider }) => provider));
  const rule = { match: { models: [], headers: [] }, fallbacks: [], ...words, targets: built };
  return compileSnapshot(
    buildPolicy({
      providers: [...keys].map((key) => buildProvider(key)),
      routes: [buildRoute('shop/chat', [], { rules: [rule] })],
    }),
    'hash',
    compileGuardrails,
  );
}

function ruleOf(snapshot: Snapshot): CompiledRule {
  const rule = snapshot.routes.get('chat')?.rules[0];
  if (rule === undefined) throw new Error('the policy has no rule');
  return rule;
}

export interface StrategyWorld {
  readonly snapshot: Snapshot;
  readonly rule: CompiledRule;
  readonly latencies: TargetLatencies;
  readonly health: TargetHealth;
  nowMs: number;
  /** Names in the order of trying, and why. */
  order(question?: Partial<OrderQuestion>): { readonly names: readonly string[]; readonly reason: string | undefined };
  candidate(name: string, request?: OrderQuestion['request']): Candidate;
}

/** One rule with a clock of its own. `seed` is that of all chance. */
export function strategyWorld(targets: RuleTargets, words: Partial<PolicyRule> = {}, seed = 1): StrategyWorld {
  const snapshot = snapshotOf(targets, words);
  const rule = ruleOf(snapshot);
  const latencies = new TargetLatencies(() => world.nowMs);
  const health = new TargetHealth([latencies]);
  health.sweep(new Map(), snapshot);
  const random = seededRandom(seed);
  const common = { request: buildRequest(), inputBytes: 400, caller: { user: undefined, session: undefined } };
  const world: StrategyWorld = {
    snapshot,
    rule,
    latencies,
    health,
    nowMs: 0,
    order(question = {}) {
      const { targets: ordered, reason } = targetOrder(rule, { ...common, latencies, random, ...question });
      return { names: ordered.map(({ policy }) => policy.name), reason };
    },
    candidate: (name, request = common.request) => candidateOf(rule.targets, name, request),
  };
  return world;
}

function candidateOf(targets: readonly CompiledTarget[], name: string, request: OrderQuestion['request']): Candidate {
  const target = targets.find(({ policy }) => policy.name === name);
  if (target === undefined) throw new Error(`the rule has no target ${name}`);
  const { provider, policy } = target;
  const { model } = policy;
  return { target, provider, model, credential: null, source: null, request, maskedBy: [], outputGuard: null };
}
