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
  };
  /** How long a request may take to arrive. */
  readonly arrival: {
    /** Its head. */
    readonly headMs: number;
    /** Head and body; at least `headMs`. */
    readonly wholeMs: number;
  };
  /** A client that reads nothing of its answer for so long is cut. */
  readonly stallMs: number;
  /** How long open requests may go on after the first signal to stop. */
  readonly drainMs: number;
  /** PEM certificates of private providers, trusted beside the system's. */
  readonly upstreamCa?: string;
}

const MEBIBYTE = 1024 * 1024;

export const DEFAULT_SIDECAR_CONFIG: SidecarConfig = {
  ingress: { host: '127.0.0.1', port: PORT.ingress },
  health: { host: '0.0.0.0', port: PORT.sidecarHealth },
  start: 'wait',
  limits: { bodyBytes: 10 * MEBIBYTE, retainedBytes: 32 * MEBIBYTE, connections: 4096 },
  arrival: { headMs: 10_000, wholeMs: 60_000 },
  stallMs: 60_000,
  drainMs: 25_000,
};
