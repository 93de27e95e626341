/** What the injected sidecar is told by its container's environment, read once; what is missing is said in one sentence each. */
import { X509Certificate } from 'node:crypto';
import { PORT } from '#contract/names/api';
import { POD_ENV, POD_PATH } from '#contract/names/pod';
import { DEFAULT_SIDECAR_CONFIG } from './sidecar-config.ts';

export interface SidecarEnvironment {
  /** `host:port`. */
  readonly operatorAddress: string;
  readonly caPem: string;
  readonly tokenFile: string;
  readonly podName: string;
  readonly podUid: string;
  readonly podNamespace: string;
  readonly start: 'wait' | 'degraded';
  readonly stateDir: string;
  readonly journalDir: string;
  readonly ingressPort: number;
  readonly healthPort: number;
  /** undefined: the default of the configuration. */
  readonly maxRequests: number | undefined;
  readonly drainMs: number;
  readonly logLevel: string;
  readonly otlpEndpoint: string | undefined;
}

/** The environment is not one that injection writes. The message is for a human. */
export class EnvironmentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EnvironmentError';
  }
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const START_MODES = ['wait', 'degraded'] as const;

type Variables = Readonly<Record<string, string | undefined>>;

/** Throws EnvironmentError. An empty variable counts as absent. */
export function readEnvironment(variables: Variables): SidecarEnvironment {
  const optional = (name: string): string | undefined => variables[name] || undefined;
  const required = (name: string): string => {
    const value = optional(name);
    if (value !== undefined) return value;
    throw new EnvironmentError(
      `${name} is not set: Remora's webhook sets it in a pod; on a laptop run "remora dev" instead.`,
    );
  };
  const oneOf = <T extends string>(name: string, values: readonly T[], preset: T): T => {
    const text = optional(name) ?? preset;
    const value = values.find((allowed) => allowed === text);
    if (value !== undefined) return value;
    throw new EnvironmentError(`${name} is "${text.slice(0, 40)}": use one of ${values.join(', ')}.`);
  };
  const port = (name: string, preset: number): number => {
    const text = optional(name) ?? String(preset);
    const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (value <= 65_535) return value;
    throw new EnvironmentError(`${name} is "${text.slice(0, 40)}": use a port from 0 to 65535.`);
  };
  return {
    operatorAddress: hostAndPort(required(POD_ENV.operatorAddress)),
    caPem: certificate(required(POD_ENV.caPem)),
    tokenFile: optional(POD_ENV.tokenFile) ?? POD_PATH.tokenFile,
    podName: required(POD_ENV.podName),
    podUid: required(POD_ENV.podUid),
    podNamespace: required(POD_ENV.podNamespace),
    start: oneOf(POD_ENV.start, START_MODES, 'wait'),
    stateDir: optional(POD_ENV.stateDir) ?? POD_PATH.stateDir,
    journalDir: optional(POD_ENV.journalDir) ?? POD_PATH.journalDir,
    ingressPort: port(POD_ENV.ingressPort, PORT.ingress),
    healthPort: port(POD_ENV.healthPort, PORT.sidecarHealth),
    maxRequests: maxRequestsOf(optional(POD_ENV.maxRequests)),
    drainMs: drainMsOf(optional(POD_ENV.drainSeconds)),
    logLevel: oneOf(POD_ENV.logLevel, LOG_LEVELS, 'info'),
    otlpEndpoint: optional(POD_ENV.otlpEndpoint),
  };
}

function maxRequestsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9][0-9]{0,4}$/.test(text)) return Number(text);
  throw new EnvironmentError(`${POD_ENV.maxRequests} is "${text.slice(0, 40)}": use a number from 1 to 99999.`);
}

function drainMsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SIDECAR_CONFIG.drainMs;
  if (/^[0-9]{1,5}$/.test(text)) return Number(text) * 1_000;
  throw new EnvironmentError(`${POD_ENV.drainSeconds} is "${text.slice(0, 40)}": use seconds from 0 to 99999.`);
}

function hostAndPort(text: string): string {
  if (/^(?:\[[0-9a-fA-F:.]+\]|[^:/\s]+):[0-9]{1,5}$/.test(text)) return text;
  throw new EnvironmentError(`${POD_ENV.operatorAddress} is "${text.slice(0, 80)}": use host:port.`);
}

/** Node takes a text without certificates for an empty list, and then no operator could ever be trusted. */
function certificate(pem: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new EnvironmentError(
      `${POD_ENV.caPem} holds no PEM certificate: restart the pod, so that it is injected anew.`,
    );
  }
}
