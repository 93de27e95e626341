/** The native sidecar that injection adds to a pod, and the volumes that only it mounts. */
import { PORT, SIDECAR_CONTAINER, SIDECAR_HEALTH_PORT, TOKEN_AUDIENCE } from '#contract/names/api';
import { POD_ENV, POD_PATH, PROBE_PATH, SIDECAR_NODE_FLAGS } from '#contract/names/pod';
import type { EnvVar, VolumeMount } from './pod.ts';

export interface InjectionConfig {
  /** Of this build; written into the pod's status annotation. */
  readonly version: string;
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** `host:port` of the push service as pods reach it. */
  readonly operatorAddress: string;
  /** CA certificates in PEM by which sidecars know the operator. */
  readonly caPem: string;
  /** Default `info`. */
  readonly logLevel?: string | undefined;
  /** Requests under way at one time in a sidecar. Absent: its default. */
  readonly maxRequests?: number | undefined;
  /** Set: sidecars export traces there. */
  readonly otlpEndpoint?: string | undefined;
}

export type StartMode = 'wait' | 'degraded';

/** What a sidecar takes from the pod that it is put into. */
export interface SidecarOfPod {
  readonly start: StartMode;
  /** The pod's terminationGracePeriodSeconds. */
  readonly graceSeconds: number;
}

/** The user of the image; restricted Pod Security wants it stated as a number. */
const SIDECAR_UID = 64100;
const TOKEN_SECONDS = 3600;
/** Of the pod's grace period: for the error events of what is still open, the last returns of grants, and the traces. */
const LAST_SECONDS = 5;
const LONGEST_DRAIN_SECONDS = 86_400;
/** Kubelet restarts a sidecar that got no policy for this long in start mode `wait`. */
const STARTUP_SECONDS = 600;
const API_TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

const VOLUME = {
  token: 'remora-token',
  state: 'remora-state',
  journal: 'remora-journal',
  /** Mounted where the app's API token would be, so that the ServiceAccount admission plugin does not add it to the sidecar. */
  noApiToken: 'remora-no-api-token',
} as const;

/** A piece of a pod as it goes into the patch; only its name matters to the code that places it. */
export interface NamedObject {
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface SidecarContainer extends NamedObject {
  readonly env: readonly EnvVar[];
  readonly volumeMounts: readonly VolumeMount[];
}

export const sidecarVolumes = (): NamedObject[] => [
  {
    name: VOLUME.token,
    projected: {
      sources: [{ serviceAccountToken: { audience: TOKEN_AUDIENCE, expirationSeconds: TOKEN_SECONDS, path: 'token' } }],
    },
  },
  // Credentials are in it, so never on disk. Memory-backed volumes count against the container's memory limit.
  { name: VOLUME.state, emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
  { name: VOLUME.journal, emptyDir: { sizeLimit: '256Mi' } },
  { name: VOLUME.noApiToken, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
];

export function sidecarContainer(config: InjectionConfig, ofPod: SidecarOfPod): SidecarContainer {
  return {
    name: SIDECAR_CONTAINER,
    image: config.image,
    imagePullPolicy: config.imagePullPolicy,
    // A native sidecar: starts before the app, ends after it, lets Jobs complete.
    restartPolicy: 'Always',
    args: [...SIDECAR_NODE_FLAGS, '/app/sidecar.cjs'],
    env: environment(config, ofPod),
    ports: [{ name: SIDECAR_HEALTH_PORT, containerPort: PORT.sidecarHealth, protocol: 'TCP' }],
    volumeMounts: [
      { name: VOLUME.token, mountPath: POD_PATH.tokenDir, readOnly: true },
      { name: VOLUME.state, mountPath: POD_PATH.stateDir },
      { name: VOLUME.journal, mountPath: POD_PATH.journalDir },
      { name: VOLUME.noApiToken, mountPath: API_TOKEN_PATH, readOnly: true },
    ],
    startupProbe: probe(PROBE_PATH.startup, { periodSeconds: 1, failureThreshold: STARTUP_SECONDS }),
    readinessProbe: probe(PROBE_PATH.ready, { periodSeconds: 5, failureThreshold: 3 }),
    livenessProbe: probe(PROBE_PATH.live, { periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: SIDECAR_UID,
      runAsGroup: SIDECAR_UID,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '192Mi' } },
  };
}

const probe = (path: string, timing: Readonly<Record<string, number>>) => ({
  httpGet: { path, port: PORT.sidecarHealth },
  timeoutSeconds: 2,
  ...timing,
});

const drainSeconds = (graceSeconds: number): number =>
  Math.min(Math.max(graceSeconds - LAST_SECONDS, 1), LONGEST_DRAIN_SECONDS);

function environment(config: InjectionConfig, { start, graceSeconds }: SidecarOfPod): EnvVar[] {
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  return [
    { name: POD_ENV.operatorAddress, value: config.operatorAddress },
    { name: POD_ENV.caPem, value: config.caPem },
    { name: POD_ENV.tokenFile, value: POD_PATH.tokenFile },
    { name: POD_ENV.podName, ...field('metadata.name') },
    { name: POD_ENV.podUid, ...field('metadata.uid') },
    { name: POD_ENV.podNamespace, ...field('metadata.namespace') },
    { name: POD_ENV.start, value: start },
    { name: POD_ENV.stateDir, value: POD_PATH.stateDir },
    { name: POD_ENV.journalDir, value: POD_PATH.journalDir },
    { name: POD_ENV.drainSeconds, value: String(drainSeconds(graceSeconds)) },
    { name: POD_ENV.logLevel, value: config.logLevel ?? 'info' },
    ...(config.maxRequests === undefined ? [] : [{ name: POD_ENV.maxRequests, value: String(config.maxRequests) }]),
    ...(config.otlpEndpoint === undefined ? [] : [{ name: POD_ENV.otlpEndpoint, value: config.otlpEndpoint }]),
    { name: 'MALLOC_ARENA_MAX', value: '1' },
  ];
}
