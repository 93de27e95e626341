/** A provider, an operator over a real API server and a sidecar, the latter two as processes that can be killed and come back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '#test/operator/eventually';
import { type OperatorProcess, spawnOperator } from '#test/operator/operator-process';
import { World } from '#test/operator/world';
import { freePorts } from '#test/support/free-ports';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { injectedEnv, type SidecarProcess, spawnSidecar } from '#test/sync/sidecar-process';

const KEY = 'sk-planted-canary';

export interface RealPlane {
  readonly world: World;
  readonly provider: FakeProvider;
  /** Where SQLite keeps the history of usage. */
  readonly historyFile: string;
  /** Of the sidecar; the same after a restart. */
  readonly url: string;
  sidecar: SidecarProcess;
  operator: OperatorProcess;
  /** Once it serves the policy. */
  startSidecar(): Promise<void>;
  /** Once it is ready. */
  startOperator(): Promise<void>;
}

/** `limits`: of the one AIBudget. Undefined when no API server can run here; the test is then marked as skipped. */
export async function realPlane(t: TestContext, limits: readonly object[]): Promise<RealPlane | undefined> {
  const world = await World.open(t);
  if (!world) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'remora-money-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const provider = await startFakeProvider({ dialect: 'openai', acceptKey: KEY });
  t.after(() => provider.close());
  const [push = 0, webhook = 0, health = 0, history = 0, ingress = 0] = await freePorts(5);
  const historyFile = join(dir, 'history.db');
  writeFileSync(join(dir, 'kubeconfig'), world.server.kubeconfig);
  const operatorEnv = {
    KUBECONFIG: join(dir, 'kubeconfig'),
    REMORA_NAMESPACE: world.namespace,
    REMORA_WATCH_NAMESPACE: world.namespace,
    REMORA_HOST: '127.0.0.1',
    REMORA_PUSH_PORT: String(push),
    REMORA_WEBHOOK_PORT: String(webhook),
    REMORA_HEALTH_PORT: String(health),
    REMORA_HISTORY_PORT: String(history),
    REMORA_HISTORY: `sqlite:${historyFile}`,
  };
  await declare(world, provider.url, limits);
  const pod = await world.pod('app-1');
  const startOperator = async (): Promise<OperatorProcess> => {
    const operator = spawnOperator(t, operatorEnv);
    const ready = () => fetch(`http://127.0.0.1:${health}/readyz`).then(({ status }) => status === 200);
    await eventually('the operator is ready', ready).catch((error) => {
      throw new Error(`${error}\n${operator.output()}`);
    });
    return operator;
  };
  const operator = await startOperator();
  const place = { dir, operatorPort: push, caPem: await caOf(world), namespace: world.namespace };
  const env = injectedEnv({ ...place, podName: pod.name, podUid: pod.uid, token: pod.token });
  const startSidecar = async (): Promise<SidecarProcess> => {
    const sidecar = spawnSidecar({ ...env, REMORA_INGRESS_PORT: String(ingress) });
    t.after(async () => {
      sidecar.kill('SIGKILL');
      await sidecar.ended;
    });
    await eventually('the sidecar serves', () => sidecar.ingress()).catch((error) => {
      throw new Error(`${error}\n${sidecar.stderr()}`);
    });
    return sidecar;
  };
  const plane: RealPlane = {
    ...{ world, provider, historyFile, operator, url: `http://127.0.0.1:${ingress}`, sidecar: await startSidecar() },
    async startSidecar() {
      plane.sidecar = await startSidecar();
    },
    async startOperator() {
      plane.operator = await startOperator();
    },
  };
  return plane;
}

async function declare(world: World, endpoint: string, limits: readonly object[]): Promise<void> {
  await world.secret('openai', { 'api-key': KEY });
  await world.apply('AIProvider', 'openai', {
    type: 'OpenAI',
    endpoint,
    auth: { secretRef: { name: 'openai', key: 'api-key' } },
    models: [{ name: 'gpt-4o', inputUsdPerMillion: '2.5', cachedInputUsdPerMillion: '2.5', outputUsdPerMillion: '10' }],
  });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'openai/gpt-4o' }] });
  await world.apply('AIBudget', 'caps', { limits });
}

const caOf = (world: World): Promise<string> =>
  eventually('the certificate authority', async () => {
    const path = `/api/v1/namespaces/${world.namespace}/secrets/remora-authority`;
    const { body } = await world.server.request({ path });
    const ca = (body as { data?: Readonly<Record<string, string>> }).data?.['tls.crt'];
    return ca && Buffer.from(ca, 'base64').toString();
  });
