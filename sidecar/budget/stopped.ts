/** The refusal of a kill switch. */
import type { PolicyBudget } from '#contract/policy/policy';
import { RemoraError } from '#sidecar/errors/remora-error';

/** A status that no SDK tries again: a stop that led to a storm of retries would be none. */
export const budgetStopped = ({ budget, limit, stop }: PolicyBudget): RemoraError =>
  new RemoraError({
    code: 'budget_stopped',
    message:
      `Stopped by AIBudget ${budget}${stop?.reason === undefined ? '' : `: ${stop.reason.replace(/[.\s]+$/, '')}`}. ` +
      `Nothing was sent. Ask whoever stopped it, or undo it: remora kill --undo --budget ${budget}`,
    object: `AIBudget ${budget} limit ${limit}`,
  });
