/** The Kubernetes names users type: API group, kinds, annotations, labels. Compatibility surface; never reuse a retired one. */
export const API_GROUP = 'remora.dev';
export const API_VERSION = 'v1alpha1';
export const API_GROUP_VERSION: `${string}/${string}` = `${API_GROUP}/${API_VERSION}`;

export const KIND = {
  provider: 'AIProvider',
  route: 'AIRoute',
  budget: 'AIBudget',
  policy: 'AIPolicy',
  key: 'AIKey',
  budgetLedger: 'AIBudgetLedger',
} as const;

/** Annotations and labels on users' objects. */
export const ANNOTATION = {
  /** `true` on a pod template or on a workload's own metadata opts the pods in; `false` on a pod opts out of its namespace. */
  inject: 'remora.dev/inject',
  /** What injection did and skipped, as JSON, written on the pod. */
  status: 'remora.dev/status',
  /** `wait` (default) holds the app until the first policy is applied; `degraded` starts it at once. */
  start: 'remora.dev/start',
  feature: 'remora.dev/feature',
  /** On a stopped AIBudget: who ran `remora kill`, as the API server knew them. */
  stoppedBy: 'remora.dev/stopped-by',
} as const;

export const LABEL = {
  /** `enabled` on a Namespace opts all its pods in. */
  inject: 'remora.dev/inject',
  /** On every injected pod; the operator lists pods by it. */
  injected: 'remora.dev/injected',
  team: 'remora.dev/team',
  project: 'remora.dev/project',
  environment: 'remora.dev/environment',
  /** Where the caller is, such as `eu`. */
  region: 'remora.dev/region',
  /** On the ConfigMaps in which operator replicas say which sidecar runs which policy. */
  acks: 'remora.dev/acks',
  /** On the ConfigMaps in which operator replicas share what sidecars measured of variants, one per experiment. */
  experiments: 'remora.dev/experiments',
  /** On the ConfigMap in which the operator keeps the price book that it fetched last. */
  priceBook: 'remora.dev/price-book',
  /** `true` on the AIBudgets that `remora kill` creates. */
  kill: 'remora.dev/kill',
  /** On the Secrets in which the operator writes tokens of AIKeys. */
  key: 'remora.dev/key',
} as const;

export const SIDECAR_CONTAINER = 'remora-proxy';
/** Of that container: the name of the port of probes and metrics. */
export const SIDECAR_HEALTH_PORT = 'remora-health';
/** Audience of the projected token by which a sidecar proves its pod to the operator. */
export const TOKEN_AUDIENCE = 'remora.dev/control-plane';

/** Audience of the tokens that whoever asks for reports shows, and operators that hand on rows. */
export const HISTORY_AUDIENCE = 'remora.dev/history';

export const PORT = {
  ingress: 24100,
  sidecarHealth: 24101,
  push: 24110,
  webhook: 24111,
  operatorHealth: 24112,
  history: 24113,
} as const;
