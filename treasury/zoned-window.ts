/** Windows by the clocks of a zone. A clock jumps: what begins at midnight begins at the first instant at which it shows midnight or later. */
import type { PolicyTimeZone } from '#contract/policy/time-zone';

/** A kind of window as it is where clocks never jump. */
interface ClockWindows {
  readonly start: (clockMs: number) => number;
  readonly next: (startMs: number) => number;
}

export interface ZonedWindow {
  /** What the clock shows, or would have shown, at its start. */
  readonly clockMs: number;
  readonly startMs: number;
  readonly endMs: number;
}

interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of the clock before UTC. */
  readonly aheadMs: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const spansOf = new WeakMap<PolicyTimeZone, readonly Span[]>();

/** Of the zone, in order and without gaps, over all time. */
function spans(zone: PolicyTimeZone): readonly Span[] {
  const known = spansOf.get(zone);
  if (known !== undefined) return known;
  const { offsets } = zone;
  const made = offsets.map(([from, minutes], index) => ({
    fromMs: index === 0 ? Number.NEGATIVE_INFINITY : from * 1_000,
    untilMs: (offsets[index + 1]?.[0] ?? Number.POSITIVE_INFINITY) * 1_000,
    aheadMs: minutes * MINUTE_MS,
  }));
  spansOf.set(zone, made);
  return made;
}

const UTC: Span = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY, aheadMs: 0 };

const spanAt = (zone: PolicyTimeZone, unixMs: number): Span =>
  spans(zone).find(({ untilMs }) => unixMs < untilMs) ?? UTC;

/** The first instant at which the clock shows this time or a later one. */
function firstAt(zone: PolicyTimeZone, clockMs: number): number {
  const span = spans(zone).find(({ untilMs, aheadMs }) => clockMs - aheadMs < untilMs) ?? UTC;
  return Math.max(span.fromMs, clockMs - span.aheadMs);
}

/** A clock that was put back shows a time of the day before again: it stays the day that had begun. */
export function zonedWindow(unixMs: number, zone: PolicyTimeZone, { start, next }: ClockWindows): ZonedWindow {
  let clockMs = start(unixMs + spanAt(zone, unixMs).aheadMs);
  for (let after = next(clockMs); firstAt(zone, after) <= unixMs; after = next(clockMs)) clockMs = after;
  return { clockMs, startMs: firstAt(zone, clockMs), endMs: firstAt(zone, next(clockMs)) };
}

const isAligned = (one: Span | undefined, other: Span): boolean =>
  one === undefined || (one.aheadMs - other.aheadMs) % HOUR_MS === 0;

/** Hours go on where a clock jumps by whole ones: each lasts an hour, but one that another jump cuts. */
export function hourAt(unixMs: number, zone: PolicyTimeZone): ZonedWindow {
  const all = spans(zone);
  const span = spanAt(zone, unixMs);
  const at = all.indexOf(span);
  const hourMs = Math.floor((unixMs + span.aheadMs) / HOUR_MS) * HOUR_MS - span.aheadMs;
  const startMs = isAligned(all[at - 1], span) ? hourMs : Math.max(span.fromMs, hourMs);
  const endMs = isAligned(all[at + 1], span) ? hourMs + HOUR_MS : Math.min(span.untilMs, hourMs + HOUR_MS);
  return { clockMs: startMs + spanAt(zone, startMs).aheadMs, startMs, endMs };
}
