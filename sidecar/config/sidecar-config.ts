/** What a sidecar is told at its start, with the defaults of everything that is not told. */
import { PORT } from '#contract/names/api';

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface SidecarConfig {
  /** Where the app's requests come in. Loopback, unless the sidecar serves as a shared gateway. */
  readonly ingress: ListenAddress;
  /** Probes and metrics. */
  readonly health: ListenAddress;
  /** `wait`: started once a policy is applied. `degraded`: at once, answering 503 until then. */
  readonly start: 'wait' | 'degraded';
  readonly limits: {
    /** One request body. */
    readonly bodyBytes: number;
    /** All request bodies that are held at one time. */
    readonly retainedBytes: number;
    readonly connections: number;
    /** Requests that are under way at one time, streams until they end. One more is refused at once. */
    readonly requests: number;
  };
  /** How long a request may take to arrive. */
  readonly arrival: {
    /** Its head. */
    readonly headMs: number;
    /** Head and body; at least `headMs`. */
    readonly wholeMs: number;
  };
  readonly jobs: JobLimits;
  readonly remembered: RememberedLimits;
  readonly cache: CacheLimits;
  readonly shadows: ShadowLimits;
  /** Where jobs are kept. Absent: none are taken. */
  readonly jobsIn?: JobPlace;
  /** Streams that are read to their end after their client has left, where the route says so. */
  readonly drained: {
    /** At one time; one more is ended with its client. */
    readonly most: number;
    readonly ms: number;
  };
  /** Requests that wait for room in a limit. */
  readonly limitQueue: {
    /** At one time, for one limit, or for one partition of it such as a user. */
    readonly most: number;
  };
  /** A client that reads nothing of its answer for so long is cut. */
  readonly stallMs: number;
  /** How long open requests may go on after the first signal to stop. */
  readonly drainMs: number;
  /** PEM certificates of private providers, trusted beside the system's. */
  readonly upstreamCa?: string;
}

/** Of requests with a callback. */
export interface JobLimits {
  /** Jobs that are known at one time, results that can still be fetched included. */
  readonly most: number;
  /** Jobs that run at one time. */
  readonly running: number;
  /** The requests of those. */
  readonly runningBytes: number;
  /** Requests of all jobs that have no result yet; on the disk. */
  readonly requestBytes: number;
  /** One result. */
  readonly answerBytes: number;
  /** All results; on the disk. A job starts only when its result will have room. */
  readonly storedBytes: number;
}

/** Of answers that no account keeps and that clients may name; in memory. What is over is forgotten, the oldest first. */
export interface RememberedLimits {
  /** Items, and as many answers. */
  readonly most: number;
  /** Items of answers. */
  readonly itemBytes: number;
  /** Answers with what they were asked, from which a conversation goes on. */
  readonly turnBytes: number;
  /** What one request may name of these. */
  readonly recalledBytes: number;
}

/** Of answers that equal requests get again; in memory. What is over goes, that which was of no use for longest first. */
export interface CacheLimits {
  readonly most: number;
  /** All of them. */
  readonly bytes: number;
  /** One answer; a longer one is not kept. */
  readonly answerBytes: number;
}

/** Of copies of requests to variants whose answers nobody gets. What is over is not sent. */
export interface ShadowLimits {
  /** At one time. */
  readonly most: number;
  /** All requests of those. */
  readonly requestBytes: number;
  /** Of one answer; the rest is not read. */
  readonly answerBytes: number;
  /** Longest time of one; that of the AIRoute, where it is shorter. */
  readonly deadlineMs: number;
}

export interface JobPlace {
  /** On a disk. */
  readonly dir: string;
  /** In memory where there is such a folder: the key that `dir` is encrypted with. */
  readonly keyDir: string;
}

const MEBIBYTE = 1024 * 1024;

export const DEFAULT_SIDECAR_CONFIG: SidecarConfig = {
  ingress: { host: '127.0.0.1', port: PORT.ingress },
  health: { host: '0.0.0.0', port: PORT.sidecarHealth },
  start: 'wait',
  limits: { bodyBytes: 10 * MEBIBYTE, retainedBytes: 24 * MEBIBYTE, connections: 4096, requests: 1000 },
  arrival: { headMs: 10_000, wholeMs: 60_000 },
  // The journal's volume of a pod has 256 MiB, of which the journal of budgets takes 32 at most.
  jobs: {
    most: 256,
    running: 8,
    runningBytes: 16 * MEBIBYTE,
    requestBytes: 64 * MEBIBYTE,
    answerBytes: 8 * MEBIBYTE,
    storedBytes: 128 * MEBIBYTE,
  },
  remembered: { most: 10_000, itemBytes: 8 * MEBIBYTE, turnBytes: 8 * MEBIBYTE, recalledBytes: 8 * MEBIBYTE },
  cache: { most: 4_096, bytes: 8 * MEBIBYTE, answerBytes: MEBIBYTE / 2 },
  drained: { most: 64, ms: 30_000 },
  limitQueue: { most: 500 },
  shadows: { most: 8, requestBytes: 8 * MEBIBYTE, answerBytes: 2 * MEBIBYTE, deadlineMs: 120_000 },
  stallMs: 60_000,
  drainMs: 25_000,
};
