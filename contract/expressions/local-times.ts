/** The clocks of time zones. What loads the data of all zones, which takes megabytes, runs only where somebody names one. */

/** What the clocks of a zone show, as the UTC fields of a time. Throws RangeError where there is no such zone. */
export function localTimes(timeZone: string): (time: Date) => Date {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  return (time) => {
    const shown = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  };
}
