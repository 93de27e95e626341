/** One namespace of a real API server with real operators over it and real sidecar clients that prove real pods. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_GROUP_VERSION, LABEL, TOKEN_AUDIENCE } from '#contract/names/api';
import type { Condition } from '#contract/resources/fields';
import { readConfig } from '#operator/config';
import type { ClusterAccess } from '#operator/kube/cluster-access';
import { type ObjectRef, pathOf, type ResourceType, remoraType } from '#operator/kube/resource-type';
import { type Operator, startOperator } from '#operator/operator';
import { createLog } from '#operator/telemetry/log';
import { SharedGates } from '#sidecar/pipeline/admission/shared-gates';
import { openLastKnownGood } from '#sidecar/policy/last-known-good';
import { SyncClient, type SyncClientOptions } from '#sidecar/sync/sync-client';
import { REAL_TIMERS } from '#sidecar/time/timers';
import { type ApiServer, messageOf, requireApiServer, type TestScope } from '#test/support/api-server';
import { RecordingSink, recordingLog } from '#test/sync/harness';
import { eventually } from './eventually.ts';
import { directAccess } from './faulty-api.ts';

export interface RunningOperator extends Operator {
  /** Every line it logged, as text. */
  readonly lines: string[];
}

export interface TestPod {
  readonly name: string;
  readonly uid: string;
  readonly token: string;
}

export interface TestSidecar {
  readonly sink: RecordingSink;
  readonly client: SyncClient;
}

export interface TestEvent {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
}

interface Status {
  readonly conditions?: readonly Condition[];
  readonly [field: string]: unknown;
}

export class World {
  readonly server: ApiServer;
  readonly namespace: string;
  readonly #dir = mkdtempSync(join(tmpdir(), 'remora-operator-'));
  readonly #closers: (() => Promise<unknown>)[] = [];
  #replicas = 0;

  private constructor(server: ApiServer, namespace: string) {
    this.server = server;
    this.namespace = namespace;
  }

  /** undefined when no API server can run here; the test is then marked as skipped. */
  static async open(t: TestScope): Promise<World | undefined> {
    const server = await requireApiServer(t);
    if (!server) return undefined;
    await server.applyCrds();
    const world = new World(server, await server.createNamespace());
    t.after(() => world.#close());
    return world;
  }

  /** A replica of an operator that governs this namespace only, which is its own and its platform namespace. */
  async operator(
    access: ClusterAccess = directAccess(this.server),
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningOperator> {
    const lines: string[] = [];
    const log = createLog('debug', { write: (line) => void lines.push(line) });
    this.#replicas += 1;
    const podName = `operator-${this.#replicas}`;
    const spec = { containers: [{ name: 'operator', image: 'remora' }] };
    await this.send('POST', `/api/v1/namespaces/${this.namespace}/pods`, { metadata: { name: podName }, spec });
    const ports = { REMORA_PUSH_PORT: '0', REMORA_WEBHOOK_PORT: '0', REMORA_HEALTH_PORT: '0' };
    const config = readConfig({
      ...ports,
      REMORA_NAMESPACE: this.namespace,
      REMORA_WATCH_NAMESPACE: this.namespace,
      REMORA_HOST: '127.0.0.1',
      REMORA_POD_NAME: podName,
      ...env,
    });
    const operator = await startOperator({ config, access, log, version: 'test', lookAtVariantsEveryMs: 100 });
    this.#closers.push(() => operator.close());
    return { ...operator, lines };
  }

  async send(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const headers = { 'content-type': method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json' };
    const target = method === 'PATCH' ? `${path}?fieldManager=test&force=true` : path;
    const answer = await this.server.request({
      method,
      path: target,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${messageOf(answer)}`);
    return answer.body;
  }

  /** Applies one of our objects as a user would. */
  async apply(kind: string, name: string, spec: unknown): Promise<void> {
    const body = { apiVersion: API_GROUP_VERSION, kind, metadata: { name }, spec };
    await this.send('PATCH', pathOf(remoraType(kind), this.#ref(name)), body);
  }

  async remove(kind: string, name: string): Promise<void> {
    await this.send('DELETE', pathOf(remoraType(kind), this.#ref(name)));
  }

  async secret(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data };
    await this.send('PATCH', `/api/v1/namespaces/${this.namespace}/secrets/${name}`, body);
  }

  async get(type: ResourceType, name: string): Promise<unknown> {
    return (await this.server.request({ path: pathOf(type, this.#ref(name)) })).body;
  }

  async status(kind: string, name: string): Promise<Status> {
    return ((await this.get(remoraType(kind), name)) as { status?: Status }).status ?? {};
  }

  /** All that were recorded here; those for these reasons where any is named. */
  async events(...reasons: readonly string[]): Promise<TestEvent[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`;
    const { items } = (await this.server.request({ path })).body as { items: TestEvent[] };
    return items.filter(({ reason }) => reasons.length === 0 || reasons.includes(reason));
  }

  /** Waits until a condition of an object satisfies `holds`. */
  condition(kind: string, name: string, type: string, holds: (condition: Condition) => boolean): Promise<Condition> {
    let last: unknown;
    return eventually(`${type} of ${kind} ${name}`, async () => {
      const found = (await this.status(kind, name)).conditions?.find((condition) => condition.type === type);
      last = found;
      return found && holds(found) ? found : undefined;
    }).catch((error) => {
      throw new Error(`${error instanceof Error ? error.message : error}; it says ${JSON.stringify(last)}`);
    });
  }

  /** A pod as injection leaves it, with a token that the API server bound to it. */
  async pod(name: string, labels: Readonly<Record<string, string>> = { [LABEL.injected]: 'true' }): Promise<TestPod> {
    const base = `/api/v1/namespaces/${this.namespace}`;
    await this.send('PATCH', `${base}/serviceaccounts/bot`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'bot' },
    });
    const spec = { serviceAccountName: 'bot', containers: [{ name: 'app', image: 'app' }] };
    const created = (await this.send('POST', `${base}/pods`, { metadata: { name, labels }, spec })) as {
      metadata: { uid: string };
    };
    const { uid } = created.metadata;
    const request = (await this.send('POST', `${base}/serviceaccounts/bot/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [TOKEN_AUDIENCE], boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
    })) as { status: { token: string } };
    return { name, uid, token: request.status.token };
  }

  async deletePod(name: string): Promise<void> {
    await this.send('DELETE', `/api/v1/namespaces/${this.namespace}/pods/${name}`, { gracePeriodSeconds: 0 });
  }

  /** A sidecar of that pod, connected to that operator. `prepare` sees the sink before anything is pushed; `more` of its client. */
  sidecar(
    pod: TestPod,
    operator: Operator,
    prepare: (sink: RecordingSink) => void = () => undefined,
    more: (sink: RecordingSink) => Partial<SyncClientOptions> = () => ({}),
  ): TestSidecar {
    const sink = new RecordingSink();
    const log = recordingLog();
    const tokenFile = join(this.#dir, `token-${pod.uid}`);
    writeFileSync(tokenFile, pod.token);
    const shared = new SharedGates({ nowMs: () => performance.now(), timers: REAL_TIMERS, isAlone: false });
    const client = new SyncClient({
      address: `localhost:${operator.ports.push}`,
      caPem: operator.caPem,
      tokenFile,
      instance: `${pod.uid}.1`,
      build: 'test',
      lastKnownGood: openLastKnownGood(join(this.#dir, `state-${pod.uid}`), log),
      unfit: () => [],
      shared: () => shared,
      outbox: { grants: () => [], pending: () => [], acknowledge: () => undefined },
      log,
      random: () => 0.01,
      ...more(sink),
    });
    prepare(sink);
    this.#closers.push(() => client.close());
    client.start(sink);
    return { sink, client };
  }

  #ref(name: string): ObjectRef {
    return { namespace: this.namespace, name };
  }

  async #close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
