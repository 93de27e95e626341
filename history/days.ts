/** Days of UTC as numbers, counted from 1970. */
export const DAY_MS = 86_400_000;

export const dayOf = (timeMs: number): number => Math.floor(timeMs / DAY_MS);

/** Of `2026-11-21`. */
export const dayOfDate = (date: string): number => dayOf(Date.parse(`${date}T00:00:00Z`));

export const dateOfDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The first day of the month that a day is in, or of one some months later. */
export function monthOf(day: number, later = 0): number {
  const date = new Date(day * DAY_MS);
  return dayOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later));
}
