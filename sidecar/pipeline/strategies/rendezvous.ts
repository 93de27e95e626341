/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker 2005; the "highest random weight" of Thaler and Ravishankar 1998): every
 * sidecar ranks the targets alike for an id, now and after a restart, and a changed weight moves no more ids than it must.
 */
import { hash } from 'node:crypto';
import type { CompiledTarget } from '#sidecar/pipeline/policy/snapshot';

const BYTES = 6;
const RANGE = 2 ** (8 * BYTES);

/** In (0, 1), the same everywhere. */
function uniform(id: string, target: string): number {
  const digest = hash('sha256', `${target}\n${id}`, 'buffer');
  return (digest.readUIntBE(0, BYTES) + 0.5) / RANGE;
}

/** The targets, the id's own first. `weightOf` is above 0. */
export function rendezvous(
  targets: readonly CompiledTarget[],
  id: string,
  weightOf: (target: CompiledTarget) => number,
): readonly CompiledTarget[] {
  const ranked = targets.map((target) => ({
    target,
    // Exponential with the weight as its rate: the smallest of several is each one with the probability of its share.
    rank: -Math.log(uniform(id, target.policy.name)) / weightOf(target),
  }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ target }) => target);
}
