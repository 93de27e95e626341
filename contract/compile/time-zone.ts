/** The offsets of a time zone over the years that a policy may live through, found by asking what its clocks show. */
import { localTimes } from '#contract/expressions/local-times';
import type { PolicyTimeZone } from '#contract/policy/time-zone';

const FROM_MS = Date.UTC(2025, 0, 1);
const UNTIL_MS = Date.UTC(2041, 0, 1);
/** Shorter than any time between two changes of a clock: Morocco's Ramadan takes about four weeks. */
const STEP_MS = 7 * 86_400_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

const known = new Map<string, PolicyTimeZone>();
/** All zones that there are; names of users are not kept for ever. */
const MOST_KNOWN = 600;

/** undefined where nothing begins at another instant than in UTC. Throws RangeError where there is no such zone. */
export function policyTimeZone(name: string): PolicyTimeZone | undefined {
  const zone = known.get(name) ?? { name, offsets: offsetsOf(name) };
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(name, zone);
  return zone.offsets.every(([, minutes]) => minutes === 0) ? undefined : zone;
}

function offsetsOf(name: string): [number, number][] {
  const local = localTimes(name);
  const minutesAt = (ms: number): number => Math.round((local(new Date(ms)).getTime() - ms) / MINUTE_MS);
  let minutes = minutesAt(FROM_MS);
  const offsets: [number, number][] = [[FROM_MS / SECOND_MS, minutes]];
  for (let ms = FROM_MS; ms < UNTIL_MS; ms += STEP_MS) {
    const after = minutesAt(ms + STEP_MS);
    if (after === minutes) continue;
    offsets.push([firstSecond(ms, ms + STEP_MS, (at) => minutesAt(at) === after), after]);
    minutes = after;
  }
  return offsets;
}

/** Unix seconds. It holds at the end, not at the start, and changes once. */
function firstSecond(fromMs: number, untilMs: number, holds: (ms: number) => boolean): number {
  let [not, does] = [fromMs / SECOND_MS, untilMs / SECOND_MS];
  while (does - not > 1) {
    const middle = Math.floor((not + does) / 2);
    if (holds(middle * SECOND_MS)) does = middle;
    else not = middle;
  }
  return does;
}

/** What UTC means needs no data of zones. */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true;
  try {
    localTimes(name);
    return true;
  } catch {
    return false;
  }
}
