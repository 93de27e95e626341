/** The way of one request through gates: at once, after a wait, or not at all. */
import type { Priority } from '#contract/resources/route-concurrency';
import type { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import type { Gate } from './gate.ts';

/** A gate, and how a request may wait at it. */
export interface Stop<G extends Gate = Gate> {
  readonly gate: G;
  /** How many may wait there at one time. */
  readonly queue: number;
  /** Longest wait, counted from the first of the stops. */
  readonly deadlineMs: number;
}

interface Passing {
  readonly scope: RequestScope;
  readonly priority: Priority;
}

export interface Refused<G extends Gate = Gate> {
  readonly stop: Stop<G>;
  readonly why: 'full' | 'late';
}

/**
 * Through all of them, in order. The narrower one comes first, so that who waits at the wider one keeps nobody else from it. undefined: the
 * request is under way behind each, until `leave`; else it is behind none. Throws the cause of a cancel.
 */
export async function pass<G extends Gate>(
  stops: readonly Stop<G>[],
  { scope, priority }: Passing,
): Promise<Refused<G> | undefined> {
  const passed: Gate[] = [];
  let isThrough = false;
  const sinceMs = scope.deadlines.nowMs();
  try {
    for (const stop of stops) {
      const leftMs = stop.deadlineMs - (scope.deadlines.nowMs() - sinceMs);
      const why = stop.gate.enter(priority)
        ? undefined
        : await waitAt({ ...stop, deadlineMs: leftMs }, scope, priority);
      if (why !== undefined) return { stop, why };
      passed.push(stop.gate);
    }
    isThrough = true;
    return undefined;
  } finally {
    if (!isThrough) for (const gate of passed) gate.leave(priority);
  }
}

async function waitAt(
  { gate, queue, deadlineMs }: Stop,
  scope: RequestScope,
  priority: Priority,
): Promise<Refused['why'] | undefined> {
  if (gate.waitingInAll >= queue) return 'full';
  const turn = gate.wait(priority);
  let came = turn.hasCome;
  try {
    came ||= await scope.waitFor(deadlineMs, (wake) => {
      turn.onCome = wake;
    });
    return came ? undefined : 'late';
  } finally {
    if (!came) gate.giveUp(turn);
  }
}
