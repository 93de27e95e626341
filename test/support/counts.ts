/**
 * How many of each the tests try that could try any number: in each run enough to catch a mistake, at night what is promised. One
 * variable says which: `REMORA_RUN=nightly`. The table is printed with the promises in `docs/reference/resilience.md`.
 */

interface Count {
  readonly what: string;
  /** In each run. */
  readonly ci: number;
  readonly nightly: number;
}

const RUNS = ['ci', 'nightly'] as const;

export const COUNTS = {
  requestsPerFault: { what: 'requests for each fault of a provider', ci: 100, nightly: 10_000 },
  cutsPerStream: { what: 'event boundaries of each recorded stream at which it is cut', ci: 12, nightly: 100_000 },
  constraintCases: {
    what: 'random policies with requests and faults under hard constraints',
    ci: 400,
    nightly: 100_000,
  },
  splits: { what: 'random splits of streams into pieces', ci: 1_000_000, nightly: 10_000_000 },
  secondsStopped: { what: 'seconds for which a process is stopped by SIGSTOP', ci: 2, nightly: 10 },
  drainedStreams: { what: 'open streams when a process is told to stop', ci: 200, nightly: 1_000 },
} as const satisfies Readonly<Record<string, Count>>;

const run = process.env.REMORA_RUN ?? 'ci';
const chosen = RUNS.find((known) => known === run);
if (chosen === undefined) throw new Error(`REMORA_RUN is "${run}": use ${RUNS.join(' or ')}.`);

export const countOf = (name: keyof typeof COUNTS): number => COUNTS[name][chosen];
