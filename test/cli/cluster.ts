/** Objects of an installation in a namespace of a real API server, as operator, webhook and kubelet would write them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { API_GROUP_VERSION } from '#contract/names/api';
import { type ApiServer, messageOf, requireApiServer } from '#test/support/api-server';
import { type Ended, folderFor, runRemora } from './remora-process.ts';

const OPERATOR_LABELS = { 'app.kubernetes.io/part-of': 'remora', 'app.kubernetes.io/component': 'operator' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

export class TestCluster {
  readonly server: ApiServer;
  readonly namespace: string;
  /** The operator's own. */
  readonly home: string;
  readonly kubeconfig: string;
  readonly #t: TestContext;

  private constructor(server: ApiServer, [namespace, home]: readonly [string, string], t: TestContext) {
    this.server = server;
    this.namespace = namespace;
    this.home = home;
    this.#t = t;
    this.kubeconfig = join(folderFor(t), 'kubeconfig');
    writeFileSync(this.kubeconfig, server.kubeconfig);
  }

  /** undefined when no API server can run here; the test is then marked as skipped. */
  static async open(t: TestContext): Promise<TestCluster | undefined> {
    const server = await requireApiServer(t);
    if (!server) return undefined;
    await server.applyCrds();
    return new TestCluster(server, [await server.createNamespace(), await server.createNamespace()], t);
  }

  /** `remora` with the administrator's kubeconfig. */
  remora(...args: readonly string[]): Promise<Ended> {
    return runRemora(this.#t, [...args, '--kubeconfig', this.kubeconfig]);
  }

  /** Creates the object and writes its status; removed with the test. Returns its uid and generation. */
  async create(collection: string, object: object, status?: object): Promise<{ uid: string; generation: number }> {
    const answer = await this.server.request({ method: 'POST', path: collection, body: object });
    if (answer.status !== 201) throw new Error(`${collection} was refused: ${messageOf(answer)}`);
    const { metadata } = answer.body as { metadata: { name: string; uid: string; generation?: number } };
    const path = `${collection}/${metadata.name}`;
    this.#t.after(() => this.server.request({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } }));
    if (status !== undefined) await this.#writeStatus(path, status);
    return { uid: metadata.uid, generation: metadata.generation ?? 1 };
  }

  async #writeStatus(path: string, status: object): Promise<void> {
    const patch = { method: 'PATCH', path: `${path}/status`, headers: MERGE, body: { status } } as const;
    const answer = await this.server.request(patch);
    if (answer.status !== 200) throw new Error(`the status of ${path} was refused: ${messageOf(answer)}`);
  }

  ours(kind: string, name: string, { spec, status }: { spec: object; status?: object }) {
    const collection = `/apis/${API_GROUP_VERSION}/namespaces/${this.namespace}/${kind.toLowerCase().replace(/y$/, 'ie')}s`;
    return this.create(collection, { apiVersion: API_GROUP_VERSION, kind, metadata: { name }, spec }, status);
  }

  /** `healthPort`: of its sidecar. */
  pod(name: string, metadata: object, status: object = { phase: 'Running' }, healthPort = 24_101) {
    const spec = {
      containers: [{ name: 'app', image: 'app' }],
      initContainers: [
        {
          ...{ name: 'remora-proxy', image: 'remora', restartPolicy: 'Always' },
          ports: [{ name: 'remora-health', containerPort: healthPort }],
        },
      ],
    };
    return this.create(`/api/v1/namespaces/${this.namespace}/pods`, { metadata: { name, ...metadata }, spec }, status);
  }

  /** The report of one operator replica. */
  acks(report: object) {
    return this.create(`/api/v1/namespaces/${this.home}/configmaps`, {
      metadata: { name: 'remora-acks-a', labels: { 'remora.dev/acks': 'true' } },
      data: { 'acks.json': JSON.stringify(report) },
    });
  }

  async operator(readyReplicas: number): Promise<void> {
    const labels = { app: 'remora' };
    await this.create(
      `/apis/apps/v1/namespaces/${this.home}/deployments`,
      {
        metadata: { name: 'remora', labels: OPERATOR_LABELS },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'operator', image: 'remora' }] } },
        },
      },
      { replicas: 2, readyReplicas },
    );
  }

  /** Selects nothing, so that it is in nobody's way. */
  async webhooks(caBundle: string | undefined): Promise<void> {
    const service = { namespace: this.home, name: 'remora', port: 24_111, path: '/inject-pod' };
    const webhook = (name: string) => ({
      name,
      clientConfig: { service, ...(caBundle === undefined ? {} : { caBundle }) },
      rules: [{ apiGroups: ['remora.dev'], apiVersions: ['v0'], resources: ['nothing'], operations: ['CREATE'] }],
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
    });
    for (const [collection, name] of [
      ['mutatingwebhookconfigurations', 'pod.inject.remora.dev'],
      ['validatingwebhookconfigurations', 'validate.remora.dev'],
    ] as const)
      await this.create(`/apis/admissionregistration.k8s.io/v1/${collection}`, {
        metadata: { name: `remora-${this.namespace}`, labels: OPERATOR_LABELS },
        webhooks: [webhook(name)],
      });
  }
}

/** `Type=True/False (Reason): message` for the present generation. */
export const conditions = (generation: number, ...words: readonly [string, 'True' | 'False', string, string][]) =>
  words.map(([type, status, reason, message]) => ({
    ...{ type, status, reason, message },
    observedGeneration: generation,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }));
