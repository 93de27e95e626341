/** How a rule chooses among its targets: the fields beside `targets`, in a rule and in the short form of a route alike. */
import { z } from 'zod';
import { duration } from './fields.ts';
import type { TwinRule } from './validation.ts';

/** In which order the targets of a rule are tried. */
const STRATEGIES = ['Priority', 'Weighted', 'LeastLatency', 'LeastCost'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** What requests are kept on one target by. */
const AFFINITIES = ['None', 'Session', 'User', 'PromptCache'] as const;
export type Affinity = (typeof AFFINITIES)[number];

export const targetChoice = {
  strategy: z
    .enum(STRATEGIES)
    .optional()
    .describe(
      'Which target is tried first, and which after it. `Priority`: in the written order. `Weighted`: by their weights. `LeastLatency`: the one that is soonest to answer, by what this sidecar measured. `LeastCost`: the one whose prices make this request cheapest. Default: Weighted where targets have weights, else Priority.',
    ),
  affinity: z
    .enum(AFFINITIES)
    .optional()
    .describe(
      'What keeps requests on one target. `Session`: the header `x-remora-session`. `User`: the end user, by header or body. `PromptCache`: how a conversation begins (system prompt and first turn of the user), so that providers find its prompt in their caches. Requests without it are spread as with `None`. With Weighted each target has its share of sessions, users or conversations, and a changed weight moves only the difference; with LeastLatency a target is kept as long as it is not twice as slow as another one. Not with other strategies. Default: PromptCache with LeastLatency, since it promises no shares, else None.',
    ),
  maxP95: duration(
    'Targets whose 95th percentile of the time to the first content is above this are used only when none is below, the fastest first; until there are ten measurements within ten minutes a target counts as below. With strategy LeastCost only. Default: no bound.',
  ).optional(),
};

/** Those that a route with `rules` states in each rule. */
export const CHOICE_FIELDS = ['strategy', 'affinity', 'maxP95'] as const;

export interface TargetChoice {
  readonly strategy?: StrategyName | undefined;
  readonly affinity?: Affinity | undefined;
  readonly maxP95?: string | undefined;
  readonly targets: readonly { readonly weight?: number | undefined }[];
}

const hasWeights = ({ targets }: Pick<TargetChoice, 'targets'>): boolean =>
  targets.some(({ weight }) => weight !== undefined);

const HAS_WEIGHTS = 'self.targets.exists(t, has(t.weight))';

/** What of them goes together. */
export const choiceRules: readonly TwinRule<TargetChoice>[] = [
  {
    rule: `!has(self.strategy) || (self.strategy == 'Weighted') == ${HAS_WEIGHTS}`,
    message: 'strategy Weighted needs weights, and targets of other strategies have none',
    holds: (rule) => rule.strategy === undefined || (rule.strategy === 'Weighted') === hasWeights(rule),
  },
  {
    rule: `!has(self.affinity) || self.affinity == 'None' || ${HAS_WEIGHTS} || (has(self.strategy) && self.strategy == 'LeastLatency')`,
    message: 'affinity goes with strategy Weighted or LeastLatency',
    holds: (rule) => (rule.affinity ?? 'None') === 'None' || hasWeights(rule) || rule.strategy === 'LeastLatency',
  },
  {
    rule: "!has(self.maxP95) || (has(self.strategy) && self.strategy == 'LeastCost')",
    message: 'maxP95 goes with strategy LeastCost',
    holds: ({ maxP95, strategy }) => maxP95 === undefined || strategy === 'LeastCost',
  },
];
