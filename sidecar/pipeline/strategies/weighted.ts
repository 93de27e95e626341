/** By weight: the drawn target, then its siblings by further draws. What keeps requests together draws for them, else chance does. */
import type { CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import { affinityId } from './affinity.ts';
import { rendezvous } from './rendezvous.ts';
import type { Strategy } from './strategy.ts';

const weightOf = ({ policy }: CompiledTarget): number => policy.weight ?? 0;

/** A weight of 0 takes a target out. */
export const weighted: Strategy = (rule, question) => {
  const left = rule.targets.filter((target) => weightOf(target) > 0);
  const total = left.reduce((sum, target) => sum + weightOf(target), 0);
  const id = affinityId(rule, question);
  const targets = id === undefined ? drawAll(left, question.random) : rendezvous(left, id, weightOf);
  const [first] = targets;
  if (first === undefined) return { targets };
  const by = id === undefined ? '' : `, by ${rule.affinity}`;
  return { targets, reason: `weight ${weightOf(first)} of ${total}${by}` };
};

/** Draws without putting back, so that the traffic of a failed target spreads over its siblings by their weights. Empties `left`. */
function drawAll(left: CompiledTarget[], random: () => number): CompiledTarget[] {
  const drawn: CompiledTarget[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, target) => sum + weightOf(target), 0);
    let ticket = random() * total;
    const index = left.findIndex((target) => {
      ticket -= weightOf(target);
      return ticket < 0;
    });
    drawn.push(...left.splice(index < 0 ? left.length - 1 : index, 1));
  }
  return drawn;
}
