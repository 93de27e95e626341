/** Pods that have measured variants, as their sidecars tell the operator. */
import { type ArmCounts, type MeasuredExperiment, NO_COUNTS } from '#contract/policy/variant-counts';
import { REAL_TIMERS, type Timers } from '#sidecar/time/timers';
import type { RecordingSink } from '#test/sync/harness';
import type { RunningOperator, World } from './world.ts';

/** A reporter looks often, so that a test need not wait for it. */
const OFTEN: Timers = { ...REAL_TIMERS, every: (ms, task) => REAL_TIMERS.every(Math.min(ms, 20), task) };

export const ruleOf = ({ policy }: RecordingSink) => policy?.routes[0]?.rules[0];

/** A pod whose variant did like that, as soon as it knows of the experiment. */
export async function measuring(world: World, operator: RunningOperator, name: string, small: Partial<ArmCounts>) {
  const more = (own: RecordingSink) => ({
    timers: OFTEN,
    variants: (): MeasuredExperiment[] => {
      const experiment = ruleOf(own)?.experiment;
      const counts = new Map([
        ['', { ...NO_COUNTS, requests: 10 }],
        ['small', { ...NO_COUNTS, ...small }],
      ]);
      return experiment === undefined ? [] : [{ experiment, run: 1, counts }];
    },
  });
  return world.sidecar(await world.pod(name), operator, undefined, more).sink;
}
