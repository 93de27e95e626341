/** One target of an explanation: how it would be asked, what that may cost, and what is held against it. */
import { formatUsd } from '#contract/policy/money';
import type { PolicyBudget, PolicyGuardrail } from '#contract/policy/policy';
import type { AttemptEstimate, BudgetOutlook } from '#sidecar/budget/budget-gate';
import { withFirstSlice } from '#sidecar/budget/output-slice';
import { boundOf } from '#sidecar/budget/settlement';
import type { CompiledRule } from '#sidecar/pipeline/policy/snapshot';
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
  const { inputTokensAtMost: inputTokens, outputTokensAtMost: outputTokens } = asked;
  return { inputTokens, outputTokens, ...(bound !== null && { usd: formatUsd(bound) }) };
}

function budgetRow({ budget, needed, held, remaining, windowEndMs }: BudgetOutlook): ExplainedBudget {
  return {
    budget: budget.budget,
    limit: budget.limit,
    ...(budget.per.length > 0 && { per: budget.per }),
    amount: amountText(budget, BigInt(budget.amount)),
    every: budget.every,
    until: new Date(windowEndMs).toISOString().replace('.000Z', 'Z'),
    ...(needed !== null && { needed: amountText(budget, needed) }),
    held: amountText(budget, held),
    ...(remaining !== undefined && { remaining: amountText(budget, remaining) }),
  };
}

const amountText = ({ unit }: PolicyBudget, amount: bigint): string =>
  unit === 'nanoUsd' ? `$${formatUsd(amount)}` : `${amount} tokens`;
