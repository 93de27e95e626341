/** The windows of budgets, in UTC: which one an instant lies in, and what its id says. */
import type { BudgetWindow } from '#contract/resources/limit';

export interface BudgetPeriod {
  /** Readable and unambiguous: `day-2026-11-21`, `week-2026-11-16` (its Monday), `hour-2026-11-21t09`. Fit for a DNS name. */
  readonly id: string;
  /** Unix time, inclusive. */
  readonly startMs: number;
  /** Unix time, exclusive; the start of the next window. */
  readonly endMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, the first Monday of Unix time. */
const MONDAY_MS = 4 * DAY_MS;

interface WindowKind {
  readonly length: (startMs: number) => number;
  readonly start: (unixMs: number) => number;
  /** How many characters of `2026-11-21T09:15` name it. */
  readonly digits: number;
}

const fixed = (lengthMs: number, originMs: number, digits: number): WindowKind => ({
  length: () => lengthMs,
  start: (unixMs) => Math.floor((unixMs - originMs) / lengthMs) * lengthMs + originMs,
  digits,
});

const monthStart = (unixMs: number, add: number): number => {
  const date = new Date(unixMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + add);
};

const KINDS: Record<BudgetWindow, WindowKind> = {
  Minute: fixed(MINUTE_MS, 0, 16),
  Hour: fixed(HOUR_MS, 0, 13),
  Day: fixed(DAY_MS, 0, 10),
  Week: fixed(WEEK_MS, MONDAY_MS, 10),
  Month: {
    length: (startMs) => monthStart(startMs, 1) - startMs,
    start: (unixMs) => monthStart(unixMs, 0),
    digits: 7,
  },
};

/** The window of this kind that contains the instant. */
export function windowAt(every: BudgetWindow, unixMs: number): BudgetPeriod {
  const kind = KINDS[every];
  const startMs = kind.start(unixMs);
  const stamp = new Date(startMs).toISOString().slice(0, kind.digits).toLowerCase().replace(':', '-');
  return { id: `${every.toLowerCase()}-${stamp}`, startMs, endMs: startMs + kind.length(startMs) };
}

const ID = /^(minute|hour|day|week|month)-([0-9]{4}-[0-9]{2}(?:-[0-9]{2})?)(?:t([0-9]{2})(?:-([0-9]{2}))?)?$/;
const BY_NAME = new Map(Object.keys(KINDS).map((every) => [every.toLowerCase(), every as BudgetWindow]));

/** The window that an id of `windowAt` names; undefined for any other text. */
export function windowOf(id: string): BudgetPeriod | undefined {
  const [, name = '', date = '', hour = '00', minute = '00'] = ID.exec(id) ?? [];
  const every = BY_NAME.get(name);
  const startMs = Date.parse(`${date.padEnd(10, '-01')}T${hour}:${minute}:00Z`);
  if (every === undefined || Number.isNaN(startMs)) return undefined;
  const found = windowAt(every, startMs);
  return found.id === id ? found : undefined;
}

/** How long a book is kept after its window, for late returns: far longer than grants can be asked of it. */
const KEEP_ENDED_MS = 48 * HOUR_MS;
/** Books of which there are many are kept for two windows more, yet never so short that a grant could be asked of them anew. */
const KEEP_AT_LEAST_MS = 30 * MINUTE_MS;

const keptShortlyMs = ({ startMs, endMs }: BudgetPeriod): number =>
  Math.min(KEEP_ENDED_MS, Math.max(KEEP_AT_LEAST_MS, 2 * (endMs - startMs)));

/** Until when the book of a window is kept; `many` says that it is one of many. For ever for what is no id of a window. */
export function keptUntilMs(windowId: string, many = false): number {
  const period = windowOf(windowId);
  if (period === undefined) return Number.MAX_SAFE_INTEGER;
  return period.endMs + (many ? keptShortlyMs(period) : KEEP_ENDED_MS);
}
