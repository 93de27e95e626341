/** Whether it is now one of the minutes that a policy names by cron. Made where a policy does, and only then are time zones loaded. */
import { localTimes } from '#contract/expressions/local-times';
import { parseCron } from '#contract/resources/cron';

const MINUTE_MS = 60_000;

export interface WindowWords {
  /** Matches CRON. */
  readonly cron: string;
  readonly timezone: string;
}

/** Of Unix milliseconds; worked out once a minute, since zones differ from UTC by whole minutes. Throws an Error where there is no such zone. */
export function compileWindow({ cron, timezone }: WindowWords, place: string): (nowMs: number) => boolean {
  const { holds } = parseCron(cron);
  const local = clocksOf(timezone, place);
  let judged = Number.NaN;
  let isOpen = false;
  return (nowMs) => {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== judged) {
      isOpen = holds(local(new Date(minute * MINUTE_MS)));
      judged = minute;
    }
    return isOpen;
  };
}

function clocksOf(timezone: string, place: string): (time: Date) => Date {
  try {
    return localTimes(timezone);
  } catch (cause) {
    throw new Error(`${place}.timezone: there is no time zone ${timezone}`, { cause });
  }
}
