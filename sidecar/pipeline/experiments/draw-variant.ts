/** Which variant of an experiment a request is drawn for. Pure, so that every pod draws the same. */
import { sha256 } from '#contract/policy/sha256';
import type { CompiledVariant, Experiment } from '#sidecar/pipeline/policy/snapshot';

/**
 * undefined: none, so that the rule decides alone. Requests of one `key` are always drawn for the same; without one `random`, in [0, 1),
 * decides. A share that grows keeps whom it has, as long as no variant stands before it.
 */
export function drawVariant(
  { salt, variants }: Pick<Experiment, 'salt' | 'variants'>,
  key: string | undefined,
  random: () => number,
): CompiledVariant | undefined {
  let ticket = 100 * (key === undefined ? random() : fractionOf(`${salt}\n${key}`));
  return variants.find(({ policy }) => {
    ticket -= policy.percent;
    return ticket < 0;
  });
}

const DIGITS = 12;

/** In [0, 1), evenly spread over all texts. */
const fractionOf = (text: string): number => Number.parseInt(sha256(text).slice(0, DIGITS), 16) / 16 ** DIGITS;
