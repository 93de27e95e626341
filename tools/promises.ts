/** What is promised of behaviour under failure and load, and what proves each promise. Printed by `generate-promises.ts`, which holds that the proofs exist. */
import type { COUNTS } from '#test/support/counts';

/** A test by its file and its title; what a title has from its test's data stands as `…`. */
export interface Proof {
  readonly file: string;
  readonly title: string;
}

export interface PromiseRow {
  readonly promise: string;
  /** The number in it. */
  readonly bound: string;
  readonly proofs: readonly Proof[];
  /** How much is tried, where that can be chosen. */
  readonly count?: keyof typeof COUNTS;
  /** A page of `docs/reference/measured`: times are measured, never tested. */
  readonly measured?: string;
}

const test = (file: string, title: string): Proof => ({ file, title });

const FAULTS = test(
  'test/sidecar/resilience/faults-under-load.test.ts',
  'no request fails while one provider … and another one is sound',
);
const LATENCY = 'sidecar/pipeline/strategies/least-latency.test.ts';
const WEIGHTS = 'sidecar/pipeline/strategies/weighted.test.ts';
const DRAIN = 'test/sync/injected-drain.test.ts';
const BREAKER = 'sidecar/pipeline/health/circuit-breaker.test.ts';

export const PROMISES: readonly PromiseRow[] = [
  {
    promise: 'While one provider fails, in any of thirty ways, and another one is sound, no client sees it',
    bound: '0 failures of 10,000 requests for each fault, 30 % of them streams',
    proofs: [FAULTS],
    count: 'requestsPerFault',
    measured: 'faults',
  },
  {
    promise: 'A provider in trouble is not hammered: retries have a budget',
    bound: '1.2 attempts per request, beside 3 retries per second that are free',
    proofs: [
      FAULTS,
      test(
        'sidecar/pipeline/attempts/retry-budget.test.ts',
        'whatever happens, retries stay within the share and the free ones of every second',
      ),
      test('test/sidecar/resilience.test.ts', 'the official SDK does not multiply the attempts of the sidecar'),
    ],
    count: 'requestsPerFault',
    measured: 'faults',
  },
  {
    promise: 'Behind an open circuit breaker no time is lost on the target that fails',
    bound: '5 ms more at p99',
    proofs: [
      test(
        'test/sidecar/resilience.test.ts',
        'a target that failed five times in a row gets no request while another one is left, until one request finds it sound',
      ),
    ],
    measured: 'faults',
  },
  {
    promise: 'A provider that is sound again after its circuit breaker opened has its requests again',
    bound: '10 s',
    proofs: [
      test(BREAKER, 'after its time one request tries the target out while others still avoid it; a success closes it'),
      test(BREAKER, 'each trial that fails doubles the time, up to a cap, and a success begins anew'),
    ],
    measured: 'faults',
  },
  {
    promise: "A stream that is lost ends in an error of the client's API, and never looks whole",
    bound: 'at each event boundary of each recorded stream',
    proofs: [
      test(
        'test/sidecar/resilience/cut-recordings.test.ts',
        'a recorded stream that is lost at any boundary of its events ends in an error of the client API, and never as if it were whole',
      ),
    ],
    count: 'cutsPerStream',
  },
  {
    promise: 'The official SDKs of OpenAI and Anthropic raise on such a stream',
    bound: 'always',
    proofs: [
      test('test/sidecar/commit-point.test.ts', 'the official client raises on a stream that breaks'),
      test('test/sidecar/commit-point.test.ts', 'the official client of Messages raises on a stream that breaks'),
    ],
  },
  {
    promise: 'How bytes are cut on their way changes nothing of a stream',
    bound: 'a million splits',
    proofs: [
      test(
        'test/providers/random-splits.test.ts',
        '… random byte splits of the golden, tortured and recorded streams make no difference (seed …)',
      ),
    ],
    count: 'splits',
  },
  {
    promise: 'A process that was stopped (SIGSTOP, a frozen machine) opens no breaker for it, and answers what it has',
    bound: '10 s',
    proofs: [
      test(
        'test/cli/sigstop.test.ts',
        'a process that is stopped for … s, longer than it waits for a first token, opens no breaker and answers all requests',
      ),
      test(
        'test/sidecar/paused.test.ts',
        'requests that are under way while the process stands still for a minute are answered, and no timeout or slowness is told of the target',
      ),
    ],
    count: 'secondsStopped',
  },
  {
    promise: 'Weights of 80 and 20 are kept, with and without affinity',
    bound: '± 1 % over 10,000 requests',
    proofs: [
      test(WEIGHTS, 'weights of 80 and 20 land within one per cent over 10,000 requests'),
      test(WEIGHTS, 'weights of 80 and 20 land within one per cent over 10,000 ids with affinity …'),
    ],
  },
  {
    promise: 'By `LeastLatency` a target that is ten times as slow loses its requests',
    bound: '90 % of them',
    proofs: [
      test(LATENCY, 'a target that is ten times as slow loses nine tenths of the traffic: …'),
      test(LATENCY, 'a target that is ten times as slow loses nine tenths of the traffic, caches or not'),
      test(
        'test/sidecar/strategies.test.ts',
        'a provider that is ten times as slow loses nine tenths of the requests, streamed or not',
      ),
    ],
  },
  {
    promise: 'No request reaches a provider without the tags that policies require',
    bound: '0 of 100,000 random cases',
    proofs: [
      test(
        'test/sidecar/rules/hard-constraint.test.ts',
        'no request reaches a provider without the tags that it must have, in … cases (seed …)',
      ),
    ],
    count: 'constraintCases',
  },
  {
    promise: 'A rolling update cuts no stream of an app that ends its streams',
    bound: '0 of 1,000',
    proofs: [
      test('test/cluster/journeys/rolling-update.journey.ts', 'a rolling update cuts none of 1,000 streams'),
      test(
        DRAIN,
        'an app that ends its … streams before it ends loses none, and the sidecar ends with it however long it might wait',
      ),
    ],
    count: 'drainedStreams',
  },
  {
    promise:
      'A process that is told to stop drops its readiness, lets nobody in, and ends what is read within its time',
    bound: '0 of 1,000 streams cut',
    proofs: [
      test(
        DRAIN,
        'a sidecar that is told to stop before its app drops its readiness, lets nobody in and ends … open streams in full',
      ),
      test(
        'test/cli/drain.test.ts',
        'a process that is told to stop drops its readiness, lets nobody in and ends … open streams in full',
      ),
    ],
    count: 'drainedStreams',
  },
  {
    promise:
      'Too many requests are refused at once with a time to come again, while probes answer and nobody else is harmed',
    bound: '503 with `Retry-After`, by the head alone and with no timer running; 5 ms',
    proofs: [
      test(
        'test/sidecar/overload.test.ts',
        'beyond the bound each request is refused with a time to come again, by its head and with no timer running, while the probes answer, and afterwards all is as before',
      ),
    ],
  },
  {
    promise: 'A client that leaves takes its call to the provider along',
    bound: 'by the event itself, with no timer running; 100 ms',
    proofs: [
      test(
        'test/sidecar/client-leaves.test.ts',
        'the provider sees that the client has left although no timer runs, so that nothing is waited for',
      ),
    ],
  },
  {
    promise: 'A slow reader pauses its provider, and costs no memory',
    bound: 'what sockets hold',
    proofs: [
      test(
        'test/sidecar/slow-reader.test.ts',
        'a client that does not read pauses the provider of a stream that is …, and gets all of it once it reads',
      ),
    ],
  },
  {
    promise:
      'Answers that equal requests get again never take more memory than stated, and none where no route has a cache',
    bound: '8 MiB of answers and 8 MiB of streams that are on their way, 512 KiB each, in a pod',
    proofs: [
      test(
        'sidecar/pipeline/cache/answer-cache.test.ts',
        'a cache holds a bounded number of bytes and answers, lets go of what was of no use for longest, and counts it',
      ),
      test(
        'sidecar/pipeline/cache/collected-answer.test.ts',
        'all streams that are collected have one bound, and each gives its room back however it ends',
      ),
      test(
        'test/sidecar/cache/what-is-kept.test.ts',
        'metrics tell of hits, misses, what is skipped, the memory and what had to go; the log line of each',
      ),
    ],
  },
  {
    promise: 'Two requests that ask for different things never get one answer from a cache',
    bound: '0, each member of each API changed in five ways',
    proofs: [
      test(
        'sidecar/pipeline/cache/cache-key.test.ts',
        '…: two requests that differ anywhere in what is asked never share a key',
      ),
      test('sidecar/pipeline/cache/cache-key.test.ts', 'members do not run into each other, whatever is in them'),
    ],
  },
];
