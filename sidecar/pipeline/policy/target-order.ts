/** In which order the targets of one rule are tried: the drawn one, its siblings by further draws, then the fallbacks. */
import type { CompiledRule, CompiledTarget } from './snapshot.ts';

/** `random` is in [0, 1). Without weights the order is the written one; a weight of 0 takes a target out. */
export function targetOrder(rule: CompiledRule, random: () => number): readonly CompiledTarget[] {
  const [first] = rule.targets;
  if (first === undefined || first.policy.weight === null) return [...rule.targets, ...rule.fallbacks];
  return [...drawAll(rule.targets, random), ...rule.fallbacks];
}

/** Draws without putting back, so that the traffic of a failed target spreads over its siblings by their weights. */
function drawAll(targets: readonly CompiledTarget[], random: () => number): CompiledTarget[] {
  const left = targets.filter(({ policy }) => (policy.weight ?? 0) > 0);
  const drawn: CompiledTarget[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { policy }) => sum + (policy.weight ?? 0), 0);
    let ticket = random() * total;
    const index = left.findIndex(({ policy }) => {
      ticket -= policy.weight ?? 0;
      return ticket < 0;
    });
    drawn.push(...left.splice(index < 0 ? left.length - 1 : index, 1));
  }
  return drawn;
}
