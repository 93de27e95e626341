/** What keeps requests on one target, by the affinity that a rule states. */
import type { Affinity } from '#contract/resources/target-choice';
import type { CompiledRule } from '#sidecar/pipeline/policy/snapshot';
import { promptPrefix } from './prompt-prefix.ts';
import type { OrderQuestion } from './strategy.ts';

const IDS: Readonly<Record<Affinity, (question: OrderQuestion) => string | undefined>> = {
  None: () => undefined,
  Session: ({ caller }) => caller.session,
  User: ({ caller }) => caller.user,
  PromptCache: ({ request }) => promptPrefix(request),
};

/** undefined: nothing does. */
export const affinityId = ({ affinity }: CompiledRule, question: OrderQuestion): string | undefined =>
  IDS[affinity](question);
