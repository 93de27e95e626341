/** Which targets the organisation's AIPolicies leave: each entry of the policy must let a target pass. */
import type { CompiledModelRule, CompiledTarget } from './snapshot.ts';

/** A target `provider/*` is judged by the model that it would really ask for. */
export const resolvedName = ({ policy }: CompiledTarget, asked: string): string =>
  policy.model === '*' ? policy.name.replace(/\*$/, () => asked) : policy.name;

/** The AIPolicy that denies `provider/model`, or undefined when all let it pass. */
export function deniedBy(rules: readonly CompiledModelRule[], target: string): string | undefined {
  return rules.find((rule) => !allows(rule, target))?.policy;
}

function allows(rule: CompiledModelRule, target: string): boolean {
  if (rule.deny.some((glob) => glob.matches(target))) return false;
  return rule.allow.length === 0 || rule.allow.some((glob) => glob.matches(target));
}

/** The AIPolicy that denies whatever a target may be asked for: of `provider/*`, each model that the provider may have. */
export function whollyDeniedBy(rules: readonly CompiledModelRule[], { policy }: CompiledTarget): string | undefined {
  if (policy.model !== '*') return deniedBy(rules, policy.name);
  const provider = policy.name.replace(/\*$/, '');
  return rules.find(
    ({ allow, deny }) =>
      deny.some((glob) => glob.matches(policy.name)) ||
      (allow.length > 0 && !allow.some((glob) => glob.canBegin(provider))),
  )?.policy;
}
