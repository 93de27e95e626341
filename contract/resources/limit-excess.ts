/** What happens to a request that a limit has no room for: the fields, and which go together. */
import { z } from 'zod';
import { duration, modelName } from './fields.ts';
import { EXCESS_ACTIONS } from './limit-names.ts';
import type { TwinRule } from './validation.ts';

type ExcessAction = (typeof EXCESS_ACTIONS)[number];

export const limitExcess = {
  onExceeded: z
    .enum(EXCESS_ACTIONS)
    .default('Reject')
    .describe(
      'What happens to a request that the limit has no room for. `Reject`: it is answered 429. `Queue`: it waits for room, ' +
        'first come, first served, for `queueFor` at most, then it is answered 429. `Downgrade`: it is routed anew, once, as if it ' +
        'had asked for the model `downgradeTo`; every other limit and every AIPolicy holds for it. `Alert`: nothing happens; all is counted, and what would have been refused shows in status, metrics and logs. Of several limits without room Reject comes before Queue, and Queue before Downgrade.',
    ),
  queueFor: duration('With onExceeded Queue only: the longest wait, within the deadline of the request.').optional(),
  downgradeTo: modelName
    .describe('With onExceeded Downgrade only: the model that is asked for instead, as an AIRoute serves it.')
    .optional(),
};

interface Excess {
  readonly onExceeded: ExcessAction;
  readonly queueFor?: string | undefined;
  readonly downgradeTo?: string | undefined;
}

const goesWith = (field: 'queueFor' | 'downgradeTo', action: ExcessAction): TwinRule<Excess> => ({
  rule: `has(self.${field}) == (has(self.onExceeded) && self.onExceeded == '${action}')`,
  message: `${field} is required when onExceeded is ${action} and must be omitted otherwise`,
  holds: ({ onExceeded, ...fields }) => (fields[field] !== undefined) === (onExceeded === action),
});

export const EXCESS_RULES: readonly TwinRule<Excess>[] = [
  goesWith('queueFor', 'Queue'),
  goesWith('downgradeTo', 'Downgrade'),
];
