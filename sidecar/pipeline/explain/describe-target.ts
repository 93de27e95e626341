/** One target of an explanation: how it would be asked, what that may cost, and what is held against it. */
import { amountText } from '#contract/policy/amount-text';
import { formatUsd } from '#contract/policy/money';
import type { PolicyBudget, PolicyGuardrail } from '#contract/policy/policy';
import type { AttemptEstimate, BudgetOutlook } from '#sidecar/budget/budget-gate';
import { withFirstSlice } from '#sidecar/budget/output-slice';
import { boundOf } from '#sidecar/budget/settlement';
import { boundWithTools } from '#sidecar/budget/tool-cost';
import type { CompiledRule } from '#sidecar/pipeline/policy/snapshot';
import { ENDLESS_MS } from '#treasury/window';
import type { DryRun } from './dry-run.ts';
import { errorOf } from './explained-error.ts';
import type { ExplainedBound, ExplainedBudget, ExplainedTarget } from './explanation.ts';
import type { TargetOutlook } from './target-outlook.ts';

export interface TargetContext {
  readonly run: DryRun;
  readonly rule: CompiledRule | undefined;
}

export function targetRow(outlook: TargetOutlook, { run, rule }: TargetContext): ExplainedTarget {
  const { candidate, plan, error, budgets = [] } = outlook;
  const { target, provider, model, maskedBy, outputGuard } = candidate;
  const { weight } = target.policy;
  const latency = run.deps.latencies.peek(target, candidate.request.stream);
  return {
    target: target.policy.name,
    provider: provider.policy.key,
    model,
    role: roleOf(candidate.target, rule),
    ...(weight !== null && { weight }),
    concerns: run.deps.health.concerns(candidate),
    ...(latency && { latency: { averageMs: latency.averageMs, p95Ms: latency.p95Ms, underWay: latency.underWay } }),
    ...(error && { refused: errorOf(error) }),
    ...(plan && { wire: plan.wire.id, lane: plan.lane.name, dropped: plan.dropped }),
    maskedBy: maskedBy.map(guardrailName),
    inspectedBy: (outputGuard?.guardrails ?? []).map(guardrailName),
    ...priceOf(outlook),
    ...atMostOf(outlook),
    budgets: budgets.map(budgetRow),
  };
}

export const guardrailName = ({ policy, name }: PolicyGuardrail): string => `${policy}/${name}`;

function roleOf(target: TargetOutlook['candidate']['target'], rule: CompiledRule | undefined): ExplainedTarget['role'] {
  if (target.variant !== undefined) return 'variant';
  return rule?.fallbacks.includes(target) ? 'fallback' : 'target';
}

const MILLION = 1_000_000n;
const PICO_PER_NANO = 1_000n;

const perMillion = (pico: string): string => formatUsd((BigInt(pico) * MILLION) / PICO_PER_NANO);

function priceOf({ candidate }: TargetOutlook): Pick<ExplainedTarget, 'price'> {
  const { price } = candidate.target.policy;
  return price === null ? {} : { price: { input: perMillion(price.inputPico), output: perMillion(price.outputPico) } };
}

function atMostOf({ asked }: TargetOutlook): Pick<ExplainedTarget, 'atMost' | 'slice'> {
  if (asked === undefined) return {};
  const first = withFirstSlice(asked);
  return { atMost: boundRow(asked), ...(first !== asked && { slice: boundRow(first) }) };
}

function boundRow(asked: AttemptEstimate): ExplainedBound {
  const bound = boundOf(asked);
  const { price } = asked.target;
  const { inputTokensAtMost: inputTokens, outputTokensAtMost: outputTokens } =
    (price && boundWithTools(price, asked)) ?? asked;
  return { inputTokens, outputTokens, ...(bound !== null && { usd: formatUsd(bound) }) };
}

function budgetRow({ budget, needed, held, remaining, windowEndMs }: BudgetOutlook): ExplainedBudget {
  const text = (amount: bigint): string => amountText(budget.unit, amount);
  return {
    budget: budget.budget,
    ...(budget.kind && { kind: budget.kind }),
    limit: budget.limit,
    ...(budget.per.length > 0 && { per: budget.per }),
    ...(budget.soft && { soft: true as const }),
    amount: text(BigInt(budget.amount)),
    every: budget.every,
    ...(windowEndMs !== ENDLESS_MS && { until: new Date(windowEndMs).toISOString().replace('.000Z', 'Z') }),
    ...(needed !== null && { needed: text(needed) }),
    held: text(held),
    ...otherwiseOf(budget),
    ...(remaining !== undefined && { remaining: text(remaining) }),
  };
}

function otherwiseOf({ onExceeded, queueForMs = 0, downgradeTo }: PolicyBudget): Pick<ExplainedBudget, 'otherwise'> {
  if (onExceeded === undefined) return {};
  const queued = `waits for room, ${queueForMs} ms at most`;
  return { otherwise: onExceeded === 'Queue' ? queued : `goes to the model ${downgradeTo}` };
}
