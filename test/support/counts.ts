/**
 * How many of each the tests try that could try any number: in each run enough to catch a mistake, at night what is promised. One
 * variable says which: `REMORA_RUN=nightly npm test`, which also gives each test four hours. Both stand beside the promises in `docs/reference/resilience.md`.
 */

interface Count {
  /** In each run. */
  readonly ci: number;
  readonly nightly: number;
}

const RUNS = ['ci', 'nightly'] as const;

export const COUNTS = {
  requestsPerFault: { ci: 100, nightly: 10_000 },
  /** No recorded stream has as many event boundaries: at night it is cut at all of them. */
  cutsPerStream: { ci: 12, nightly: 100_000 },
  constraintCases: { ci: 400, nightly: 100_000 },
  splits: { ci: 1_000_000, nightly: 10_000_000 },
  secondsStopped: { ci: 2, nightly: 10 },
  killCycles: { ci: 10, nightly: 100 },
  worldsOfMoney: { ci: 1_000, nightly: 100_000 },
  drainedStreams: { ci: 200, nightly: 1_000 },
  /** Each names itself anew under one limit. */
  sessionsOfOnePod: { ci: 50_000, nightly: 1_000_000 },
} as const satisfies Readonly<Record<string, Count>>;

const run = process.env.REMORA_RUN ?? 'ci';
const chosen = RUNS.find((known) => known === run);
if (chosen === undefined) throw new Error(`REMORA_RUN is "${run}": use ${RUNS.join(' or ')}.`);

export const countOf = (name: keyof typeof COUNTS): number => COUNTS[name][chosen];
