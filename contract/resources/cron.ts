/**
 * Cron's five fields as a window of time: the minutes for which it holds, by the clocks of a zone. `crontab(5)`: names, lists, ranges and steps;
 * where both fields of days are stated, either is enough. A range that ends before it begins goes on past the end: `22-6` is the night.
 */

interface Field {
  readonly from: number;
  readonly to: number;
  /** Of one value. */
  readonly value: string;
  /** From the first value on. */
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS = {
  minute: { from: 0, to: 59, value: '[0-5]?[0-9]' },
  hour: { from: 0, to: 23, value: '([01]?[0-9]|2[0-3])' },
  dayOfMonth: { from: 1, to: 31, value: '(0?[1-9]|[12][0-9]|3[01])' },
  month: { from: 1, to: 12, value: `(0?[1-9]|1[0-2]|(?i:${MONTHS.join('|')}))`, names: MONTHS },
  /** 7 is Sunday, too. */
  dayOfWeek: { from: 0, to: 6, value: `([0-7]|(?i:${DAYS.join('|')}))`, names: DAYS },
} as const satisfies Readonly<Record<string, Field>>;

const STEP = '(/[1-9][0-9]?)?';
const itemOf = ({ value }: Field): string => `([*]${STEP}|${value}(-${value}${STEP})?)`;
const listOf = (field: Field): string => `${itemOf(field)}(,${itemOf(field)})*`;

export const CRON = new RegExp(`^${Object.values(FIELDS).map(listOf).join(' +')}$`);

export interface Cron {
  /** `local`: what the clocks show, as UTC fields. */
  holds(local: Date): boolean;
  /** No day is like that, such as 30 February. */
  readonly isEmpty: boolean;
}

/** `text` must match CRON. */
export function parseCron(text: string): Cron {
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = text.split(/ +/);
  const minutes = valuesOf(minute, FIELDS.minute);
  const hours = valuesOf(hour, FIELDS.hour);
  const dates = valuesOf(dayOfMonth, FIELDS.dayOfMonth);
  const months = valuesOf(month, FIELDS.month);
  const days = valuesOf(dayOfWeek, FIELDS.dayOfWeek);
  const isEither = isStated(dayOfMonth) && isStated(dayOfWeek);
  const isDay = (date: number, day: number): boolean =>
    isEither ? dates.has(date) || days.has(day) : dates.has(date) && days.has(day);
  return {
    holds: (local) =>
      minutes.has(local.getUTCMinutes()) &&
      hours.has(local.getUTCHours()) &&
      months.has(local.getUTCMonth() + 1) &&
      isDay(local.getUTCDate(), local.getUTCDay()),
    isEmpty: !isEither && ![...months].some((of) => [...dates].some((date) => date <= longestOf(of))),
  };
}

const isStated = (field: string): boolean => !field.startsWith('*');

const LEAP_YEAR = 2024;
const longestOf = (month: number): number => new Date(Date.UTC(LEAP_YEAR, month, 0)).getUTCDate();

function valuesOf(text: string, field: Field): ReadonlySet<number> {
  const values = new Set<number>();
  for (const item of text.split(',')) for (const value of itemValues(item, field)) values.add(value);
  return values;
}

function* itemValues(item: string, field: Field): Generator<number> {
  const { from, to } = field;
  const size = to - from + 1;
  const [range = '', step = '1'] = item.split('/');
  const [first = '', last = first] = range === '*' ? [String(from), String(to)] : range.split('-');
  const begin = numberOf(first, field);
  const end = numberOf(last, field);
  for (let value = begin; value <= (end < begin ? end + size : end); value += Number(step))
    yield ((value - from) % size) + from;
}

/** 7 stays 7, so that `5-7` goes forwards. */
function numberOf(text: string, { from, names }: Field): number {
  const at = names?.indexOf(text.toLowerCase()) ?? -1;
  return at < 0 ? Number(text) : from + at;
}
