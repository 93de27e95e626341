/** Whether limits that are kept apart by values, such as users, still get a book for each of them. Pure. */
import { CONDITION, REASON } from '#contract/names/conditions';
import type { PolicyBudget } from '#contract/policy/policy';
import { MAX_BOOKS_OF_OBJECT } from '#treasury/stores/cluster/ledger-index';
import type { WantedCondition } from './conditions.ts';

/** `books`: how many are kept in the API server for all limits of the object. Undefined: none of the limits has `per`. */
export function partitionsCondition(limits: readonly PolicyBudget[], books: number): WantedCondition | undefined {
  const parted = limits.filter(({ per }) => per.length > 0);
  if (parted.length === 0) return undefined;
  const type = CONDITION.partitionsBounded;
  if (books < MAX_BOOKS_OF_OBJECT)
    return {
      type,
      status: 'True',
      reason: REASON.partitionsBounded,
      message: 'Every value that limits are kept apart by has a book',
    };
  const values = [...new Set(parted.flatMap(({ per }) => per))].join(', ');
  return {
    type,
    status: 'False',
    reason: REASON.tooManyPartitions,
    message:
      `${books} books are kept, and the API server is to carry ${MAX_BOOKS_OF_OBJECT}: requests of further values of ${values} are refused. ` +
      'Keep the books in PostgreSQL (grantStore of the chart), lengthen the windows, or spread the limits over several AIBudgets',
  };
}
