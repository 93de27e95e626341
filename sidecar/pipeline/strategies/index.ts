/** The strategies by name, and the order of a whole rule: its targets as its strategy says, then its fallbacks as they are written. */
import type { StrategyName } from '#contract/resources/target-choice';
import type { CompiledRule } from '#sidecar/pipeline/policy/snapshot';
import { leastCost } from './least-cost.ts';
import { leastLatency } from './least-latency.ts';
import { priority } from './priority.ts';
import type { Order, OrderQuestion, Strategy } from './strategy.ts';
import { weighted } from './weighted.ts';

const STRATEGY: Readonly<Record<StrategyName, Strategy>> = {
  Priority: priority,
  Weighted: weighted,
  LeastLatency: leastLatency,
  LeastCost: leastCost,
};

export function targetOrder(rule: CompiledRule, question: OrderQuestion): Order {
  const order = STRATEGY[rule.strategy](rule, question);
  return rule.fallbacks.length === 0 ? order : { ...order, targets: [...order.targets, ...rule.fallbacks] };
}
