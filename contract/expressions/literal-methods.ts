/** `matches`, whose own engine can be made slow, and the times of a zone, which take the library a hundred times longer. */
import { RE2JS } from 're2js';
import type { LiteralMethod } from './literal-argument.ts';
import { localTimes } from './local-times.ts';

/** On RE2, in linear time: no text of a request may make it slow. */
export const MATCHES: LiteralMethod<string> = {
  name: 'matches',
  receiver: 'string',
  returns: 'bool',
  argument: 'an RE2 expression, without look-around and back-references',
  compile(pattern) {
    const expression = RE2JS.compile(pattern);
    return (text) => expression.matcher(text).find();
  },
};

const DAY_MS = 86_400_000;

/** As CEL counts them: months, days of the month, of the week (Sunday first) and of the year from 0, and the date from 1. */
const FIELDS: Readonly<Record<string, (local: Date) => number>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getDayOfYear: (local) => Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0)) / DAY_MS),
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
};

export const ZONED_TIMES: readonly LiteralMethod<Date>[] = Object.entries(FIELDS).map(([name, field]) => ({
  name,
  receiver: 'google.protobuf.Timestamp',
  returns: 'int',
  argument: 'the name of a time zone, such as Europe/Berlin',
  compile(timeZone) {
    const local = localTimes(timeZone);
    return (time) => BigInt(field(local(time)));
  },
}));
