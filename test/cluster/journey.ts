/**
 * One journey: a promise that a user would try on a cluster, in a namespace of its own, with what went wrong on the cluster printed
 * when it fails.
 */
import { test } from 'node:test';
import type { Cluster, ContainerRef } from './cluster.ts';
import { type WaitOptions, waitFor } from './node/wait.ts';

/** Of a whole journey; pods start in seconds, so that only a hang reaches it. */
const JOURNEY_TIMEOUT_MS = 240_000;
export const RELEASE = { name: 'remora', namespace: 'remora-system' } as const;

let cluster: Cluster | undefined;

/** Called once, before any journey is loaded. */
export function useCluster(chosen: Cluster): void {
  cluster = chosen;
}

export function theCluster(): Cluster {
  if (cluster === undefined) throw new Error('journeys run by `npm run test:cluster`, which brings a cluster');
  return cluster;
}

export interface AskOptions {
  readonly prompt?: string;
  readonly model?: string;
  readonly stream?: boolean;
  readonly count?: number;
  readonly maxTokens?: number;
}

export interface Answer {
  readonly ok: boolean;
  readonly text?: string;
  readonly target?: string | null;
  readonly chunks?: number;
  readonly status?: number;
  readonly message?: string;
  readonly retryAfter?: string | null;
}

export interface PodSummary {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[] };
  readonly status: {
    readonly initContainerStatuses?: readonly {
      readonly name: string;
      readonly containerID: string;
      readonly restartCount: number;
      readonly ready: boolean;
    }[];
  };
}

/** The kubectl of one journey's namespace, and the few things that most journeys do. */
export class JourneyNamespace {
  readonly name: string;
  readonly cluster: Cluster;

  constructor(name: string, cluster: Cluster) {
    this.name = name;
    this.cluster = cluster;
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.cluster.kubectl(['-n', this.name, ...args]);
  }

  async apply(...objects: readonly (object | readonly object[])[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects.flat() };
    await this.cluster.kubectl(['-n', this.name, 'apply', '-f', '-'], { input: JSON.stringify(list) });
  }

  async rolledOut(deployment: string): Promise<void> {
    const args = ['-n', this.name, 'rollout', 'status', `deployment/${deployment}`, '--timeout=120s'];
    await this.cluster.kubectl(args, { timeoutMs: 130_000 });
  }

  /** Pods of an app that are not going away. */
  async pods(app: string): Promise<PodSummary[]> {
    const text = await this.kubectl('get', 'pods', '-l', `app=${app}`, '-o', 'json');
    const { items } = JSON.parse(text) as { items: PodSummary[] };
    return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  }

  async onePod(app: string): Promise<PodSummary> {
    const [pod, ...others] = await this.pods(app);
    if (pod === undefined || others.length > 0) throw new Error(`${app} has ${others.length} pods, not one`);
    return pod;
  }

  /** What a field of an object says, by JSONPath. */
  field(object: string, jsonPath: string): Promise<string> {
    return this.kubectl('get', object, '-o', `jsonpath=${jsonPath}`);
  }

  /** Runs the test app in a pod's container, once, asking `count` times. */
  async ask(pod: string, options: AskOptions = {}): Promise<Answer[]> {
    const flags = [
      ...(options.model === undefined ? [] : ['--model', options.model]),
      ...(options.prompt === undefined ? [] : ['--prompt', options.prompt]),
      ...(options.stream === true ? ['--stream'] : []),
      ...(options.count === undefined ? [] : ['--count', String(options.count)]),
      ...(options.maxTokens === undefined ? [] : ['--max-tokens', String(options.maxTokens)]),
    ];
    const exec = ['exec', pod, '-c', 'app', '--', '/usr/local/bin/node', '/app/ask.cjs', ...flags];
    const lines = await this.kubectl(...exec);
    return lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
  }

  async askOnce(pod: string, options: AskOptions = {}): Promise<Answer> {
    const [answer] = await this.ask(pod, options);
    if (answer === undefined) throw new Error('the app printed no answer');
    return answer;
  }

  /** Waits until an AIRoute is programmed on `sidecars` of as many, for its newest generation. */
  async programmed(route: string, sidecars: number, options?: WaitOptions): Promise<void> {
    const wanted = `${sidecars}/${sidecars} True`;
    const path =
      '{.status.programmed} {.status.conditions[?(@.type=="Programmed")].status} {.metadata.generation} {.status.observedGeneration}';
    await waitFor(
      `AIRoute ${route} to be programmed on ${wanted}`,
      async () => {
        const [count, status, generation, observed] = (await this.field(`airoute/${route}`, path)).split(' ');
        if (`${count} ${status}` !== wanted || generation !== observed) throw new Error(`it says ${count} ${status}`);
        return true;
      },
      options,
    );
  }

  kill(pod: PodSummary, container: string): Promise<void> {
    const ref: ContainerRef = { namespace: this.name, pod: pod.metadata.name, container };
    const status = pod.status.initContainerStatuses?.find((one) => one.name === container);
    return this.cluster.killContainer(ref, status?.containerID ?? '');
  }
}

/** Declares a journey. `labels` go onto its namespace. */
export function journey(
  name: string,
  body: (namespace: JourneyNamespace) => Promise<void>,
  labels: Readonly<Record<string, string>> = {},
): void {
  const namespaceName = `journey-${name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 48)
    .replace(/-$/, '')}`;
  test(name, { timeout: JOURNEY_TIMEOUT_MS }, async () => {
    const namespace = new JourneyNamespace(namespaceName, theCluster());
    await namespace.cluster.kubectl(['apply', '-f', '-'], {
      input: JSON.stringify(namespaceObject(namespaceName, labels)),
    });
    try {
      await body(namespace);
    } catch (error) {
      console.error(await whatHappened(namespace));
      throw error;
    } finally {
      await namespace.cluster.kubectl(['delete', 'namespace', namespaceName, '--wait=false']).catch(() => {});
    }
  });
}

const namespaceObject = (name: string, labels: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

async function whatHappened({ name, cluster: { kubectl } }: JourneyNamespace): Promise<string> {
  const questions: (readonly string[])[] = [
    ['-n', name, 'get', 'pods,jobs,aiproviders,airoutes,aibudgets', '-o', 'wide'],
    ['-n', name, 'get', 'events', '--sort-by=.lastTimestamp'],
    [
      '-n',
      name,
      'get',
      'airoutes,aiproviders,aibudgets',
      '-o',
      'jsonpath={range .items[*]}{.kind}{"/"}{.metadata.name}{" "}{.status}{"\\n"}{end}',
    ],
    ['-n', name, 'logs', '-l', 'remora.dev/injected=true', '-c', 'remora-proxy', '--tail=25', '--prefix'],
    ['-n', RELEASE.namespace, 'get', 'pods', '-o', 'wide'],
    ['-n', RELEASE.namespace, 'logs', '-l', 'app.kubernetes.io/component=operator', '--tail=40', '--prefix'],
  ];
  const answers = await Promise.all(
    questions.map((question) => kubectl(question).catch((error: unknown) => String(error))),
  );
  return questions.map((question, index) => `--- kubectl ${question.join(' ')}\n${answers[index]}`).join('\n');
}

/** Runs a preparation once for all journeys; the first that needs it waits for it. */
export function once<T>(prepare: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= prepare();
    return result;
  };
}
