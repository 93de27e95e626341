/** What would come of each target of a selection, as far as that is known before it is asked. */
import type { AttemptEstimate, BudgetOutlook } from '#sidecar/budget/budget-gate';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { PlannedQuestion } from '#sidecar/pipeline/attempt';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { estimatedAnswer } from '#sidecar/pipeline/attempts/estimator';
import type { Plan } from '#sidecar/pipeline/attempts/plan';
import { estimate, hold } from '#sidecar/pipeline/attempts/send-attempt';
import { isOfTarget, planFor, unsupportedOperation } from '#sidecar/pipeline/attempts/take-turn';
import type { Passing } from '#sidecar/pipeline/handle';
import type { Selection } from '#sidecar/pipeline/select-route';
import type { Understood } from '#sidecar/pipeline/understand';

export interface TargetOutlook {
  readonly candidate: Candidate;
  plan?: Plan;
  asked?: AttemptEstimate;
  budgets?: readonly BudgetOutlook[];
  /** The sidecar answers by an estimate in its place. */
  isAnsweredHere?: true;
  error?: RemoraError;
  /** Whatever is wrong with it, the targets of the rule are asked as if it had not been. */
  readonly isOnTrial: boolean;
}

/** In the order of trying. */
export async function outlooksOf(
  selection: Selection,
  { caller, decoded }: Understood,
  { call, log, deps }: Passing,
): Promise<readonly TargetOutlook[]> {
  const question: PlannedQuestion = { call, caller, decoded, selection, log };
  const outlooks: TargetOutlook[] = [];
  for (const candidate of deps.health.order(selection.candidates)) {
    const isOnTrial = candidate.target.variant !== undefined && selection.candidates.length > 1;
    const outlook: TargetOutlook = { candidate, isOnTrial };
    outlooks.push(outlook);
    try {
      await look(outlook, question, deps);
    } catch (thrown) {
      if (call.scope.cause !== undefined || !(thrown instanceof RemoraError)) throw thrown;
      outlook.error = thrown;
    }
  }
  return outlooks;
}

async function look(
  outlook: TargetOutlook,
  question: PlannedQuestion,
  { budgetGate }: Pick<Passing['deps'], 'budgetGate'>,
): Promise<void> {
  const { candidate } = outlook;
  const plan = await planFor(candidate, question);
  if (plan === undefined) {
    if (estimatedAnswer(candidate) === undefined) throw unsupportedOperation(candidate, question);
    outlook.isAnsweredHere = true;
    return;
  }
  outlook.plan = plan;
  outlook.asked = estimate(plan, question);
  outlook.budgets = await budgetGate.look?.(outlook.asked);
  await hold(outlook.asked, question);
  const refusal = outlook.budgets?.find((budget) => budget.refusal !== undefined)?.refusal;
  if (refusal !== undefined) throw refusal;
}

/** What the client would see; undefined: one of them can be asked. As the loop of attempts decides it. */
export function refusalOf(outlooks: readonly TargetOutlook[]): RemoraError | undefined {
  let first: RemoraError | undefined;
  for (const { error, isOnTrial } of outlooks) {
    if (error === undefined) return undefined;
    first ??= error;
    const isItsOwn = isOfTarget(error) || error.code === 'unsupported_operation';
    if (!isOnTrial && !isItsOwn) return error;
  }
  return first;
}
