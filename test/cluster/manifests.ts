/** The objects that journeys apply, as short as the thought behind them. */

/** The names are on purpose those of the words: an app that knows nothing of Remora. */
export const APP_LABEL = 'app';

/** Restricted Pod Security asks this of every container. */
const RESTRICTED = {
  runAsNonRoot: true,
  runAsUser: 64100,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const IDLE = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1e6)";

export interface AppOptions {
  readonly image: string;
  readonly replicas?: number;
  readonly templateAnnotations?: Readonly<Record<string, string>>;
  readonly templateLabels?: Readonly<Record<string, string>>;
  /** Of the container, as Kubernetes takes it. */
  readonly env?: readonly object[];
}

interface PodWords {
  readonly replicas: number;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly terminationGracePeriodSeconds: number;
  readonly container: object;
}

/** A Deployment of pods with one container. */
const deployment = (
  name: string,
  { replicas, labels, annotations, terminationGracePeriodSeconds, container }: PodWords,
): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { [APP_LABEL]: name } },
    template: {
      metadata: { labels: { [APP_LABEL]: name, ...labels }, ...(annotations && { annotations }) },
      spec: { terminationGracePeriodSeconds, containers: [{ ...container, securityContext: RESTRICTED }] },
    },
  },
});

/** A Deployment whose one container waits; journeys run `ask` in it. */
export const app = (
  name: string,
  { image, replicas = 1, templateAnnotations, templateLabels, env = [] }: AppOptions,
): object =>
  deployment(name, {
    ...{ replicas, labels: templateLabels, annotations: templateAnnotations },
    terminationGracePeriodSeconds: 5,
    container: { name: 'app', image, args: ['-e', IDLE], env },
  });

export interface StreamingAppOptions {
  readonly image: string;
  readonly replicas: number;
  /** Open at one time, in each pod. */
  readonly streams: number;
  /** URL that is told how all streams of a pod ended, when it ends. */
  readonly tell: string;
}

/** A Deployment, with a sidecar, of the app that has always so many streams open. */
export const streamingApp = (name: string, { image, replicas, streams, tell }: StreamingAppOptions): object =>
  deployment(name, {
    ...{ replicas, annotations: { 'remora.dev/inject': 'true' } },
    // For its streams, also on a machine that is busy.
    terminationGracePeriodSeconds: 90,
    container: {
      ...{ name: 'app', image, args: ['/app/streams.cjs'] },
      env: [
        { name: 'STREAMS', value: String(streams) },
        { name: 'TELL', value: tell },
      ],
      readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 },
    },
  });

/** A Job that asks once, in a container that knows nothing of Remora, and ends. */
export const askingJob = (name: string, image: string): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, annotations: { 'remora.dev/inject': 'true' } },
  spec: {
    backoffLimit: 0,
    template: {
      metadata: { labels: { [APP_LABEL]: name } },
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'app', image, args: ['/app/ask.cjs'], securityContext: RESTRICTED }],
      },
    },
  },
});

export interface FakeProviderOptions {
  readonly image: string;
  readonly key: string;
  readonly failWith?: number;
  readonly replicas?: number;
  /** Each pod calls itself by its own name. Default: by that of the Deployment. */
  readonly namesItself?: 'Pod';
  /** After each word of a stream. */
  readonly paceMs?: number;
}

/** Deployment and Service of a fake provider, reached at `http://NAME.NAMESPACE.svc:8080/v1`. */
export const fakeProvider = (
  name: string,
  { image, key, failWith = 0, replicas = 1, namesItself, paceMs = 0 }: FakeProviderOptions,
): object[] => [
  deployment(name, {
    ...{ replicas, terminationGracePeriodSeconds: 1 },
    container: {
      ...{ name: 'provider', image, args: ['/app/provider.cjs'] },
      env: [
        namesItself === undefined
          ? { name: 'PROVIDER_NAME', value: name }
          : { name: 'PROVIDER_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'PROVIDER_KEY', value: key },
        { name: 'FAIL_WITH', value: String(failWith) },
        { name: 'PACE_MS', value: String(paceMs) },
      ],
      readinessProbe: { httpGet: { path: '/health', port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 },
    },
  }),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { [APP_LABEL]: name }, ports: [{ port: 8080 }] },
  },
];

const remora = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'remora.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
});

export const secret = (name: string, key: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { 'api-key': key },
});

/** An AIProvider of type OpenAI at a fake provider, with the Secret that it names, and a price of 0.10 dollars per output token. */
export const openAiProvider = (name: string, endpoint: string, key: string): object[] => [
  secret(name, key),
  remora('AIProvider', name, {
    type: 'OpenAI',
    endpoint,
    auth: { secretRef: { name } },
    models: [{ name: 'gpt-4o', inputUsdPerMillion: 0, outputUsdPerMillion: 100_000 }],
  }),
];

/** An AIProvider whose servers are the pods behind a Service of its own namespace, with the Secret that it names. */
export const poolProvider = (name: string, service: string, key: string): object[] => [
  secret(name, key),
  remora('AIProvider', name, {
    type: 'OpenAICompatible',
    service: { name: service, port: 8080 },
    auth: { secretRef: { name } },
  }),
];

export const mockProvider = (name: string): object => remora('AIProvider', name, { type: 'Mock' });

export const route = (name: string, ...models: readonly string[]): object =>
  remora('AIRoute', name, { targets: models.map((model) => ({ model })) });

export const budget = (name: string, ...limits: readonly object[]): object => remora('AIBudget', name, { limits });

export const guardrails = (name: string, ...rules: readonly object[]): object =>
  remora('AIPolicy', name, { guardrails: rules });
