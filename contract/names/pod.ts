/**
 * The contract between the webhook, which writes the sidecar container into a pod, and the sidecar that starts in it:
 * environment variables, mount paths and probe paths. Neither plane imports the other, so both read it here.
 */

/** Environment variables of the sidecar container. */
export const POD_ENV = {
  /** `host:port` of the operator's push service. */
  operatorAddress: 'REMORA_OPERATOR_ADDRESS',
  /** CA certificates in PEM by which the operator is known; the stream renews them. */
  caPem: 'REMORA_CA_PEM',
  /** File with the projected service-account token; read anew for each connection, since kubelet rotates it. */
  tokenFile: 'REMORA_TOKEN_FILE',
  podName: 'REMORA_POD_NAME',
  podUid: 'REMORA_POD_UID',
  podNamespace: 'REMORA_POD_NAMESPACE',
  /** `wait` or `degraded`: see ANNOTATION.start. */
  start: 'REMORA_START',
  /** Memory-backed folder for the last good policy and credentials; survives a restart of the container only. */
  stateDir: 'REMORA_STATE_DIR',
  /** Disk folder for the journals: of usage and open grants, and of jobs. */
  journalDir: 'REMORA_JOURNAL_DIR',
  /** Default PORT.ingress and PORT.sidecarHealth; 0 lets the system choose. */
  ingressPort: 'REMORA_INGRESS_PORT',
  healthPort: 'REMORA_HEALTH_PORT',
  /** Requests under way at one time. */
  maxRequests: 'REMORA_MAX_REQUESTS',
  /** Longest time that open requests have after the signal to stop; by the grace period of the pod. */
  drainSeconds: 'REMORA_DRAIN_SECONDS',
  logLevel: 'REMORA_LOG_LEVEL',
  /** Set: traces are exported there (OpenTelemetry's own name). */
  otlpEndpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
} as const;

/** Where the webhook mounts what the sidecar reads and writes. */
export const POD_PATH = {
  tokenDir: '/var/run/secrets/remora.dev',
  tokenFile: '/var/run/secrets/remora.dev/token',
  stateDir: '/var/lib/remora/state',
  journalDir: '/var/lib/remora/journal',
} as const;

/**
 * Of Node, before the sidecar's file. Without the second one the first alone lets the heap grow to three times its value. The third: what streams
 * leave behind is collected when the heap has doubled, and not each time that it has grown by a third; the first leaves room for that, so that two
 * bodies of 10 MiB at one time stay within the memory limit of the container.
 */
export const SIDECAR_NODE_FLAGS = [
  '--max-old-space-size=88',
  '--max-semi-space-size=2',
  '--heap-growing-percent=100',
] as const;

/** Paths on the health port (PORT.sidecarHealth, and PORT.operatorHealth for the operator). */
export const PROBE_PATH = {
  /** 200 once the app may start. */
  startup: '/startupz',
  /** Local health only: losing the operator never flips it. */
  ready: '/readyz',
  /** The event loop turns. */
  live: '/livez',
  metrics: '/metrics',
  /** Of the sidecar: how the variants of each route do in this pod. */
  variants: '/variants',
  /** Of the sidecar: what it knows of each target of its policy. */
  targets: '/targets',
} as const;
