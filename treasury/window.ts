/** The windows of budgets: which one an instant lies in, and what its id says. In UTC, or by the clocks of a zone, whose offsets come with the budget. */
import type { PolicyTimeZone } from '#contract/policy/time-zone';
import type { BudgetWindow } from '#contract/resources/limit-names';
import { hourAt, zonedWindow } from './zoned-window.ts';

export interface BudgetPeriod {
  /**
   * Readable and unambiguous: `day-2026-11-21`, `week-2026-11-16` (its Monday), `hour-2026-11-21t09`. By the clocks of a zone the Unix
   * seconds of start and end follow, `day-2026-11-21-1795215600-1795302000`, so that it says without the zone which instants it means.
   * Fit for a DNS name.
   */
  readonly id: string;
  /** Unix time, inclusive. */
  readonly startMs: number;
  /** Unix time, exclusive; the start of the next window. ENDLESS_MS where none follows. */
  readonly endMs: number;
}

/** The last time that there is. */
export const ENDLESS_MS = 8_640_000_000_000_000;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, the first Monday of Unix time. */
const MONDAY_MS = 4 * DAY_MS;
/** Books are kept for late returns and figures: far longer than grants can be asked of them. */
const KEEP_MS = 48 * HOUR_MS;

interface WindowKind {
  /** Of the window that contains the instant. */
  readonly start: (unixMs: number) => number;
  /** Of the window after the one that starts there. */
  readonly next: (startMs: number) => number;
  /** How many characters of `2026-11-21T09:15:30` name it. */
  readonly digits: number;
  /** How long its book is kept after its end. */
  readonly keepMs: number;
  /** The same where there is one for each user or the like; never so short that a grant could be asked of the book anew. */
  readonly keepManyMs?: number;
}

/** Whose windows have a name, a start and an end. */
type Calendar = Exclude<BudgetWindow, 'Run'>;

const fixed = (lengthMs: number, originMs: number): Pick<WindowKind, 'start' | 'next'> => ({
  start: (unixMs) => Math.floor((unixMs - originMs) / lengthMs) * lengthMs + originMs,
  next: (startMs) => startMs + lengthMs,
});

const monthStart = (unixMs: number, add: number): number => {
  const date = new Date(unixMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + add);
};

const KINDS: Readonly<Record<Calendar, WindowKind>> = {
  // Of a second nothing is granted five seconds later: two minutes are for clocks that disagree.
  Second: { ...fixed(SECOND_MS, 0), digits: 19, keepMs: 2 * MINUTE_MS },
  Minute: { ...fixed(MINUTE_MS, 0), digits: 16, keepMs: KEEP_MS, keepManyMs: 30 * MINUTE_MS },
  Hour: { ...fixed(HOUR_MS, 0), digits: 13, keepMs: KEEP_MS, keepManyMs: 2 * HOUR_MS },
  Day: { ...fixed(DAY_MS, 0), digits: 10, keepMs: KEEP_MS },
  Week: { ...fixed(WEEK_MS, MONDAY_MS), digits: 10, keepMs: KEEP_MS },
  Month: {
    start: (unixMs) => monthStart(unixMs, 0),
    next: (startMs) => monthStart(startMs, 1),
    digits: 7,
    keepMs: KEEP_MS,
  },
};

/** A run has no clock: its book is one for ever, and notes itself until when it is kept. */
const RUN: BudgetPeriod = { id: 'run', startMs: 0, endMs: ENDLESS_MS };
/** A run of which nothing was granted for this long begins anew. */
export const RUN_KEPT_MS = 7 * DAY_MS;

/** Most requests ask for the window that the one before had. */
const latest = new Map<Calendar, BudgetPeriod>();
const latestOf = new WeakMap<PolicyTimeZone, Map<Calendar, BudgetPeriod>>();

/** The window of this kind that contains the instant; `zone`: whose clocks say when it begins, which seconds and minutes do not ask. */
export function windowAt(every: BudgetWindow, unixMs: number, zone?: PolicyTimeZone): BudgetPeriod {
  if (every === 'Run') return RUN;
  const known = zone === undefined ? latest : knownOf(zone);
  const last = known.get(every);
  if (last !== undefined && last.startMs <= unixMs && unixMs < last.endMs) return last;
  const isZoned = zone !== undefined && every !== 'Second' && every !== 'Minute';
  const found = isZoned ? zonedAt(every, unixMs, zone) : utcAt(every, unixMs);
  known.set(every, found);
  return found;
}

function knownOf(zone: PolicyTimeZone): Map<Calendar, BudgetPeriod> {
  const known = latestOf.get(zone) ?? new Map<Calendar, BudgetPeriod>();
  latestOf.set(zone, known);
  return known;
}

const stamp = (every: Calendar, clockMs: number): string => {
  const text = new Date(clockMs).toISOString().slice(0, KINDS[every].digits);
  return `${every.toLowerCase()}-${text.toLowerCase().replaceAll(':', '-')}`;
};

function utcAt(every: Calendar, unixMs: number): BudgetPeriod {
  const startMs = KINDS[every].start(unixMs);
  return { id: stamp(every, startMs), startMs, endMs: KINDS[every].next(startMs) };
}

function zonedAt(every: Calendar, unixMs: number, zone: PolicyTimeZone): BudgetPeriod {
  const { clockMs, startMs, endMs } = every === 'Hour' ? hourAt(unixMs, zone) : zonedWindow(unixMs, zone, KINDS[every]);
  return { id: `${stamp(every, clockMs)}-${startMs / SECOND_MS}-${endMs / SECOND_MS}`, startMs, endMs };
}

const ID =
  /^(second|minute|hour|day|week|month)-([0-9]{4}-[0-9]{2}(?:-[0-9]{2})?)(?:t([0-9]{2})(?:-([0-9]{2}))?(?:-([0-9]{2}))?)?(?:-([0-9]{9,11})-([0-9]{9,11}))?$/;
const BY_NAME = new Map(Object.keys(KINDS).map((every) => [every.toLowerCase(), every as Calendar]));

/** The window that an id of `windowAt` names; undefined for any other text. */
export function windowOf(id: string): BudgetPeriod | undefined {
  if (id === RUN.id) return RUN;
  const [, name = '', date = '', hour = '00', minute = '00', second = '00', from, to] = ID.exec(id) ?? [];
  const every = BY_NAME.get(name);
  const clockMs = Date.parse(`${date.padEnd(10, '-01')}T${hour}:${minute}:${second}Z`);
  if (every === undefined || Number.isNaN(clockMs)) return undefined;
  if (from === undefined) {
    const found = utcAt(every, clockMs);
    return found.id === id ? found : undefined;
  }
  const [startMs, endMs] = [Number(from) * SECOND_MS, Number(to) * SECOND_MS];
  return startMs < endMs ? { id, startMs, endMs } : undefined;
}

/** Until when the book of a window is kept; `many` says that it is one of many. For ever for what is no id of a window, and for runs. */
export function keptUntilMs(windowId: string, many = false): number {
  const period = windowOf(windowId);
  const kind = BY_NAME.get(windowId.slice(0, windowId.indexOf('-')));
  if (period === undefined || kind === undefined) return Number.MAX_SAFE_INTEGER;
  const { keepMs, keepManyMs = keepMs } = KINDS[kind];
  return period.endMs + (many ? keepManyMs : keepMs);
}
