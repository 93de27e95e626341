/** A real etcd and kube-apiserver on loopback, for tests: started on first use, shared by all tests of a process, ended with it. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { writeTrust } from './api-server-files.ts';
import { freePorts } from './free-ports.ts';
import { API_SERVER_BINARIES, locateBinaries } from './kube-binaries.ts';
import { missing } from './missing.ts';
import { OwnedProcesses } from './owned-processes.ts';

const READY_DEADLINE_MS = 60_000;
const REQUEST_DEADLINE_MS = 20_000;
const POLL_MS = 100;
const CRD_FOLDER = join(import.meta.dirname, '..', '..', 'crds');
const CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiResponse {
  readonly status: number;
  /** The parsed JSON, or the text where the answer is not JSON. */
  readonly body: unknown;
}

export interface ApiServer {
  readonly url: string;
  /** The text of a kubeconfig of a cluster administrator. */
  readonly kubeconfig: string;
  /** One request as the administrator; any status is an answer. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /** Applies `crds/` and waits until the API server serves them. Does nothing the second time. */
  applyCrds(): Promise<void>;
  /** Creates a namespace with a name of its own. Nothing deletes it: no controller runs here. */
  createNamespace(labels?: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

interface Access {
  readonly port: number;
  readonly caPem: string;
  readonly token: string;
}

function send(access: Access, { method = 'GET', path, body, headers }: ApiRequest): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port: access.port,
      ca: access.caPem,
      method,
      path,
      agent: false,
      signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
      headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json', ...headers },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.once('error', reject);
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body: asJson(text) }));
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function until(what: string, holds: () => Promise<boolean>, ended: () => string | undefined): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (!(await holds().catch(() => false))) {
    const failure = ended();
    if (failure !== undefined) throw new Error(failure);
    if (performance.now() > deadline) throw new Error(`${what} took longer than ${READY_DEADLINE_MS / 1000} s`);
    await delay(POLL_MS);
  }
}

const etcdArgs = (client: number, peer: number): string[] => [
  '--data-dir=etcd',
  '--unsafe-no-fsync',
  '--log-level=warn',
  `--listen-client-urls=http://127.0.0.1:${client}`,
  `--advertise-client-urls=http://127.0.0.1:${client}`,
  `--listen-peer-urls=http://127.0.0.1:${peer}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
  `--initial-cluster=default=http://127.0.0.1:${peer}`,
];

const apiServerArgs = (port: number, etcd: number): string[] => [
  `--etcd-servers=http://127.0.0.1:${etcd}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  `--secure-port=${port}`,
  '--tls-cert-file=serving.crt',
  '--tls-private-key-file=serving.key',
  '--token-auth-file=tokens.csv',
  '--service-account-key-file=service-account.pub',
  '--service-account-signing-key-file=service-account.key',
  '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
  '--service-cluster-ip-range=10.0.0.0/24',
  '--authorization-mode=RBAC',
  '--allow-privileged=true',
  '--profiling=false',
  // No controller makes the default ServiceAccount here, and pods must be creatable without one.
  '--disable-admission-plugins=ServiceAccount',
];

const kubeconfigOf = ({ port, caPem, token }: Access): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://127.0.0.1:${port}`,
          'certificate-authority-data': Buffer.from(caPem).toString('base64'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });

interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function applyCrd(server: ApiServer, crd: CustomResourceDefinition): Promise<void> {
  const answer = await server.request({
    method: 'PATCH',
    path: `${CRD_PATH}/${crd.metadata.name}?fieldManager=test&force=true`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: crd,
  });
  if (answer.status >= 300) throw new Error(`${crd.metadata.name} was refused: ${messageOf(answer)}`);
}

async function isEstablished(server: ApiServer, { metadata }: CustomResourceDefinition): Promise<boolean> {
  const { body } = await server.request({ path: `${CRD_PATH}/${metadata.name}` });
  const conditions = (body as CustomResourceDefinition).status?.conditions ?? [];
  if (!conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return false;
  const [plural, group] = metadata.name.split(/\.(.*)/);
  return (await server.request({ path: `/apis/${group}/v1alpha1/${plural}` })).status === 200;
}

/** The sentence of a Status that the API server answered. */
export const messageOf = ({ body }: ApiResponse): string =>
  typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : String(body);

/** Starts an API server of its own. Prefer `requireApiServer`, which shares one. */
export async function startApiServer(bin: string): Promise<ApiServer> {
  const processes = new OwnedProcesses(mkdtempSync(join(tmpdir(), 'remora-api-')));
  try {
    const { caPem, adminToken } = await writeTrust(processes.folder);
    const [port = 0, etcd = 0, peer = 0] = await freePorts(3);
    processes.start('etcd', join(bin, 'etcd'), etcdArgs(etcd, peer));
    processes.start('kube-apiserver', join(bin, 'kube-apiserver'), apiServerArgs(port, etcd));
    const server = clientOf({ port, caPem, token: adminToken }, processes);
    const ready = async () => (await server.request({ path: '/readyz' })).status === 200;
    await until('kube-apiserver', ready, () => processes.ended());
    return server;
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

function clientOf(access: Access, processes: OwnedProcesses): ApiServer {
  let crds: Promise<void> | undefined;
  let namespaces = 0;
  const server: ApiServer = {
    url: `https://127.0.0.1:${access.port}`,
    kubeconfig: kubeconfigOf(access),
    request: (request) => send(access, request),
    applyCrds() {
      crds ??= applyAll(server, () => processes.ended());
      return crds;
    },
    async createNamespace(labels = {}) {
      namespaces += 1;
      const metadata = { name: `test-${namespaces}`, labels };
      const answer = await server.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata } });
      if (answer.status !== 201) throw new Error(`namespace ${metadata.name} was refused: ${messageOf(answer)}`);
      return metadata.name;
    },
    close: () => processes.stop(),
  };
  return server;
}

async function applyAll(server: ApiServer, ended: () => string | undefined): Promise<void> {
  const files = readdirSync(CRD_FOLDER).filter((file) => file.endsWith('.yaml'));
  const crds = files.map((file) => parse(readFileSync(join(CRD_FOLDER, file), 'utf8')) as CustomResourceDefinition);
  for (const crd of crds) await applyCrd(server, crd);
  const served = async () => (await Promise.all(crds.map((crd) => isEstablished(server, crd)))).every(Boolean);
  await until('serving the CRDs', served, ended);
}

/** What of a test's context is needed here, so that a benchmark can stand in for a test. */
export interface TestScope {
  after(close: () => unknown): void;
  skip(reason: string): void;
}

let shared: Promise<ApiServer> | undefined;
let skipped = 0;

/**
 * The API server that all tests of this process share. Where its binaries are absent the test is skipped, the run says so in its last
 * line, and `undefined` comes back; with `CI=true` that is a failure instead.
 */
export async function requireApiServer(t: Pick<TestScope, 'skip'>): Promise<ApiServer | undefined> {
  const bin = locateBinaries(API_SERVER_BINARIES);
  if (bin !== undefined) {
    shared ??= startApiServer(bin);
    return shared;
  }
  const reason = `no ${API_SERVER_BINARIES.join(' and ')}: run node test/support/prepare.ts`;
  missing(t, reason);
  if (skipped === 0)
    process.once('exit', () => console.error(`SKIPPED ${skipped} tests of a real API server: ${reason}`));
  skipped += 1;
  return undefined;
}
