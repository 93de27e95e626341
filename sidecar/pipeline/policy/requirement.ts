/** What an AIPolicy requires of targets: one entry of its `require`. */
import type { PolicyRequirements } from '#contract/policy/policy';
import { type Condition, compileCondition } from './condition.ts';
import type { CompiledTarget } from './snapshot.ts';

export interface CompiledRequirement {
  /** The AIPolicy that states it, or an AIKey after its kind. */
  readonly policy: string;
  /** The same with its kind, such as `AIPolicy remora-system/organisation`. */
  readonly object: string;
  /** It leaves nothing out: what it would have left out is told. */
  readonly isObserved: boolean;
  /** Absent: it always holds. */
  readonly when: Condition | undefined;
  readonly tags: readonly string[];
}

/** Throws an Error where an expression does not compile. */
export const compileRequirements = ({ policy, mode, require }: PolicyRequirements): CompiledRequirement[] =>
  require.map(({ when, tags }, index) => ({
    policy,
    object: `AIPolicy ${policy}`,
    isObserved: mode === 'Observe',
    when: when === undefined ? undefined : compileCondition(when, `AIPolicy ${policy} spec.require[${index}].when`),
    tags,
  }));

/** The compiler leaves providers of other namespaces than the platform's without tags. */
export const carriesAll = ({ provider }: CompiledTarget, { tags }: Pick<CompiledRequirement, 'tags'>): boolean =>
  tags.every((tag) => provider.policy.tags.includes(tag));
