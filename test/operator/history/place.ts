/** Whoever keeps the file of a history on a real API server, with the rights of the chart, and who asks it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HISTORY_AUDIENCE } from '#contract/names/api';
import { readConfig } from '#operator/config';
import { type HistoryProcess, startHistoryProcess } from '#operator/history-process';
import type { ClusterAccess } from '#operator/kube/cluster-access';
import { createLog } from '#operator/telemetry/log';
import { directAccess } from '#test/operator/faulty-api';
import { type RunningOperator, World } from '#test/operator/world';
import { installHistory, tokenOf } from './chart-objects.ts';

const QUIET = createLog('silent');
export interface Place {
  readonly world: World;
  readonly name: string;
  readonly folder: string;
  readonly keeper: HistoryProcess;
  startKeeper(): Promise<HistoryProcess>;
  get(path: string, token?: string, body?: object): Promise<{ readonly status: number; readonly text: string }>;
}

/** Whoever keeps the file, with no more rights than the chart gives it. */
export async function open(t: TestContext): Promise<Place | undefined> {
  const world = await World.open(t);
  const name = world && (await installHistory(t, world));
  if (world === undefined || name === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'remora-served-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const access = await accessAs(world, `${name}-history`);
  let port = '0';
  const startKeeper = async (): Promise<HistoryProcess> => {
    const config = readConfig({
      ...{ REMORA_NAMESPACE: world.namespace, REMORA_SERVICE: name, REMORA_HOST: '0.0.0.0' },
      ...{ REMORA_HISTORY: `sqlite:${folder}/history.sqlite`, REMORA_HISTORY_PORT: port, REMORA_HEALTH_PORT: '0' },
    });
    const started = await startHistoryProcess({ config, access, log: QUIET });
    port = String(started.ports.history);
    t.after(() => started.close());
    return started;
  };
  const keeper = await startKeeper();
  const get: Place['get'] = (path, token, body) => ask({ keeper, path, token, body });
  return { world, name, folder, keeper, startKeeper, get };
}

async function accessAs(world: World, account: string): Promise<ClusterAccess> {
  const token = await tokenOf(world, account, []);
  const { server, credentials } = directAccess(world.server);
  const headers = { authorization: `Bearer ${token}` };
  return { server, credentials: async () => ({ tls: { ca: (await credentials()).tls.ca }, headers }) };
}

interface AskedHere {
  readonly keeper: { readonly ports: { readonly history: number }; readonly caPem: string };
  readonly path: string;
  readonly token: string | undefined;
  readonly body: object | undefined;
}

export const ask = ({ keeper, path, token, body }: AskedHere): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const outgoing = request({
      ...{ host: 'localhost', port: keeper.ports.history, ca: keeper.caPem, path, agent: false },
      method: body === undefined ? 'GET' : 'POST',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });

/** An operator that hands rows on, as its pod would. */
export async function operatorOf(
  { world, name, folder, keeper }: Place,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningOperator> {
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, await tokenOf(world, name, [HISTORY_AUDIENCE]));
  return world.operator(undefined, {
    ...{ REMORA_SERVICE: name, REMORA_HISTORY_TOKEN_FILE: tokenFile },
    REMORA_HISTORY: `https://localhost:${keeper.ports.history}`,
    ...env,
  });
}

/** As the kubelet and a controller would: the API server reaches a Service by a pod that has the address. */
export async function publish({ world, name, keeper }: Place, ip: string): Promise<void> {
  const { uid } = await world.pod('history');
  const base = `/api/v1/namespaces/${world.namespace}`;
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'history' } };
  await world.send('PATCH', `${base}/pods/history/status`, { ...object, status: { podIP: ip, podIPs: [{ ip }] } });
  const targetRef = { kind: 'Pod', namespace: world.namespace, name: 'history', uid };
  await world.send('POST', `${base}/endpoints`, {
    metadata: { name: `${name}-history` },
    subsets: [{ addresses: [{ ip, targetRef }], ports: [{ name: 'https-history', port: keeper.ports.history }] }],
  });
}

/** The API server reaches no loopback address of an endpoint. */
export const outside = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

export const bind = (world: World, role: string): Promise<unknown> =>
  world.send('POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${world.namespace}/rolebindings`, {
    metadata: { name: `${role}s` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
    subjects: [{ kind: 'ServiceAccount', name: 'finance', namespace: world.namespace }],
  });

/** The kubeconfig of somebody who may do nothing else. */
export async function finance(world: World, folder: string): Promise<string> {
  await world.send('POST', `/api/v1/namespaces/${world.namespace}/serviceaccounts`, { metadata: { name: 'finance' } });
  const config = JSON.parse(world.server.kubeconfig);
  config.users = [{ name: 'admin', user: { token: await tokenOf(world, 'finance', []) } }];
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, JSON.stringify(config));
  return file;
}
