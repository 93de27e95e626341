/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker 2005; the "highest random weight" of Thaler and Ravishankar 1998): every
 * sidecar ranks the targets alike for an id, now and after a restart, and a changed weight moves no more ids than it must.
 */
import { hash } from 'node:crypto';
import type { CompiledTarget } from '#sidecar/pipeline/policy/snapshot';

/** 64 bits, the same everywhere. */
type Words = readonly [number, number];

function wordsOf(text: string): Words {
  const digest = hash('sha256', text, 'buffer');
  return [digest.readUInt32BE(0), digest.readUInt32BE(4)];
}

const wordsOfTargets = new WeakMap<CompiledTarget, Words>();

function wordsOfTarget(target: CompiledTarget): Words {
  let words = wordsOfTargets.get(target);
  if (words === undefined) {
    words = wordsOf(target.policy.name);
    wordsOfTargets.set(target, words);
  }
  return words;
}

/** The finalizer of MurmurHash3: each bit of the word decides on each bit of what comes out. */
function mixed(word: number): number {
  const once = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}

/** In (0, 1). */
const uniform = (id: Words, target: Words): number =>
  (mixed(id[0] ^ target[0]) * 2 ** 20 + (mixed(id[1] ^ target[1]) >>> 12) + 0.5) / 2 ** 52;

/** The targets, the id's own first. `weightOf` is above 0. */
export function rendezvous(
  targets: readonly CompiledTarget[],
  id: string,
  weightOf: (target: CompiledTarget) => number,
): readonly CompiledTarget[] {
  const words = wordsOf(id);
  const ranked = targets.map((target) => ({
    target,
    // Exponential with the weight as its rate: the smallest of several is each one with the probability of its share.
    rank: -Math.log(uniform(words, wordsOfTarget(target))) / weightOf(target),
  }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ target }) => target);
}
