/** What AIPolicies and its AIKey require of this request's targets. A hard constraint: whoever finds targets asks here, and nothing behind it adds any. */
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Caller } from './identify.ts';
import { notTried } from './left-out.ts';
import type { Conditions } from './policy/condition.ts';
import { type CompiledRequirement, carriesAll } from './policy/requirement.ts';
import type { CompiledTarget, Snapshot } from './policy/snapshot.ts';
import type { RequestRecorder } from './request-recorder.ts';

export interface RequirementQuestion {
  readonly snapshot: Snapshot;
  readonly caller: Pick<Caller, 'heldTo'>;
  readonly conditions: Conditions;
  readonly log: RequestRecorder;
}

/** Those that carry all that is required. Throws `no_compliant_target` when none of several does. */
export function passRequirements<T extends CompiledTarget>(
  targets: readonly T[],
  { snapshot, caller: { heldTo: key }, conditions, log }: RequirementQuestion,
): readonly T[] {
  const requirements = key === undefined ? snapshot.requirements : [...snapshot.requirements, ...key.requirements];
  if (requirements.length === 0) return targets;
  // What cannot be judged binds: a header that is not there must not open what it closes.
  const holding = requirements.filter(({ when }) => when === undefined || (conditions.holds(when) ?? true));
  const enforced = holding.filter(({ isObserved }) => !isObserved);
  for (const requirement of enforced) log.required(requirement);
  const left = targets.filter((target) => {
    const requirement = enforced.find((each) => !carriesAll(target, each));
    if (requirement !== undefined) log.leaveOut(target, { reason: 'TagsMissing', requirement });
    return requirement === undefined;
  });
  if (left.length === 0 && targets.length > 0) throw noCompliantTarget(enforced, notTried(log.leftOut));
  for (const requirement of holding)
    if (requirement.isObserved) {
      const compliant = left.filter((target) => carriesAll(target, requirement));
      log.wouldHaveLeft({ policy: requirement.policy, rule: 'require' }, compliant.length, left.length);
    }
  return left;
}

function noCompliantTarget(required: readonly CompiledRequirement[], others: string): RemoraError {
  const demands = required.map(({ object, tags }) => `${object} requires the tags ${tags.join(', ')}`);
  const object = required[0]?.object ?? '';
  const [kind] = object.split(' ', 1);
  return new RemoraError({
    code: 'no_compliant_target',
    message:
      `${[...new Set(demands)].join('; ')}, and no target that is left for this request has an AIProvider of a platform namespace that carries them all. Add such a target to the AIRoute, or have the ${kind} changed. ${others}`.trimEnd(),
    object,
  });
}
