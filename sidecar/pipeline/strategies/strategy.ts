/** What a strategy sees of a request, and what it says: an order of a rule's targets, and why. */
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Caller } from '#sidecar/pipeline/identify';
import type { CompiledRule, CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import type { LatencyView } from './latency/target-latencies.ts';

export interface OrderQuestion {
  readonly request: CanonicalRequest;
  /** Of the body as the client sent it. */
  readonly inputBytes: number;
  readonly caller: Pick<Caller, 'user' | 'session'>;
  readonly latencies: LatencyView;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface Order {
  readonly targets: readonly CompiledTarget[];
  /** What decided, in a few words: for people who read the log. Absent where the written order did. */
  readonly reason?: string;
}

/** In which order the targets of a rule are tried: the first one, and which follows when it fails. Fallbacks are not its business. */
export type Strategy = (rule: CompiledRule, question: OrderQuestion) => Order;

/** Longest name of a target in a reason. */
const LONGEST_NAME = 64;
/** Targets whose numbers a reason tells. */
const MOST_TOLD = 3;

/** `openai/gpt-4o 120ms, local/llama 900ms`: the first ones of the order, each with what decided. */
export const tell = <T extends { readonly target: CompiledTarget }>(
  order: readonly T[],
  text: (one: T) => string,
): string => {
  const told = order.slice(0, MOST_TOLD).map((one) => `${one.target.policy.name.slice(0, LONGEST_NAME)} ${text(one)}`);
  return order.length > MOST_TOLD ? `${told.join(', ')}, ${order.length - MOST_TOLD} more` : told.join(', ');
};
