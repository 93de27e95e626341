/**
 * Brings up a one-node Kubernetes inside a network namespace of its own: real API server, kubelet, containerd, runc, CNI and DNS,
 * with no container engine. Everything it makes is named after the run, so that several runs and a host's own cluster never meet.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layer, ociArchive } from '#tools/image/oci';
import { createCgroup } from './cgroups.ts';
import { type CommandOptions, command } from './command.ts';
import * as configuration from './configuration.ts';
import { nodeDown, OWNER } from './down.ts';
import { createNetwork } from './network.ts';
import { createPki } from './pki.ts';
import { isRunning, recordPid, startProcess } from './processes.ts';
import { createRunFolder, type RunFolder } from './run-folder.ts';
import { waitFor } from './wait.ts';

export interface TestNode {
  readonly folder: RunFolder;
  readonly binaries: string;
  /** Runs a client such as kubectl or helm where the API server can be reached. */
  client(name: 'kubectl' | 'helm', args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Runs this repository's own command line against the cluster. */
  remora(args: readonly string[], options?: CommandOptions): Promise<string>;
  loadImage(archive: string): Promise<void>;
  /** Sends SIGKILL to a container's first process, or holds and lets go all of its processes. */
  task(what: 'kill' | 'pause' | 'resume', containerId: string): Promise<void>;
  down(): Promise<void>;
}

/** Every binary that the node runs. */
export const NODE_BINARIES: readonly string[] = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl', 'etcd'],
  ...['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc', 'bridge', 'loopback', 'host-local', 'portmap'],
  ...['coredns', 'pause', 'helm'],
];

/** Resolves when the node is Ready. Takes everything down again when it fails. */
export async function nodeUp(binaries: string): Promise<TestNode> {
  const folder = createRunFolder(randomBytes(4).toString('hex'));
  // At once: a run without an owner would be cleared away by another one.
  recordPid(folder, OWNER, process.pid);
  const node = testNode(folder, binaries);
  try {
    await Promise.all([createNetwork(folder), createPki(folder, configuration.KUBERNETES_SERVICE_IP)]);
    createCgroup(folder);
    await startControlPlane(node);
    await Promise.all([startContainers(node), startControllers(node)]);
    await startNode(node);
    return node;
  } catch (error) {
    await node.down();
    throw error;
  }
}

function testNode(folder: RunFolder, binaries: string): TestNode {
  const inside = (file: string, args: readonly string[], options?: CommandOptions) =>
    command('nsenter', [`--net=/run/netns/${folder.netns}`, file, ...args], options);
  const ctr = (...args: string[]) =>
    inside(join(binaries, 'ctr'), ['-a', folder.containerdSocket, '-n', 'k8s.io', ...args]);
  return {
    folder,
    binaries,
    client: (name, args, options) =>
      inside(join(binaries, name), [`--kubeconfig=${folder.adminConfig}`, ...args], options),
    remora: (args, options) =>
      inside(process.execPath, ['cli/remora.mjs', ...args, '--kubeconfig', folder.adminConfig], options),
    loadImage: async (archive) => {
      await ctr('images', 'import', archive);
    },
    task: async (what, containerId) => {
      await ctr('tasks', what, ...(what === 'kill' ? ['--signal', 'SIGKILL'] : []), containerId);
    },
    down: () => nodeDown(folder),
  };
}

function start({ folder, binaries }: TestNode, name: string, args: readonly string[]): void {
  startProcess(folder, name, [join(binaries, name), ...args]);
}

/** Waits for what needs the named process, and fails at once, with its last lines, when that process ended. */
function ready(node: TestNode, name: string, attempt: () => Promise<true | undefined>): Promise<true> {
  const unless = () => {
    if (isRunning(node.folder, name)) return;
    const log = readFileSync(node.folder.path('log', `${name}.log`), 'utf8');
    throw new Error(`${name} ended:\n${log.split('\n').slice(-15).join('\n')}`);
  };
  return waitFor(`${name} to be ready`, attempt, { unless });
}

const succeeds = (promise: Promise<unknown>): Promise<true | undefined> =>
  promise.then(
    () => true,
    () => undefined,
  );

async function startControlPlane(node: TestNode): Promise<void> {
  const { folder } = node;
  const pki = (name: string) => folder.path('pki', name);
  start(node, 'etcd', [
    ...[`--data-dir=${folder.path('etcd')}`, '--unsafe-no-fsync', '--listen-peer-urls=http://127.0.0.1:2380'],
    ...['--listen-client-urls=http://127.0.0.1:2379', '--advertise-client-urls=http://127.0.0.1:2379'],
  ]);
  start(node, 'kube-apiserver', [
    ...['--etcd-servers=http://127.0.0.1:2379', `--advertise-address=${folder.nodeIp}`, '--secure-port=6443'],
    ...[`--client-ca-file=${pki('ca.crt')}`, `--tls-cert-file=${pki('apiserver.crt')}`],
    ...[`--tls-private-key-file=${pki('apiserver.key')}`, `--service-account-key-file=${pki('sa.pub')}`],
    ...[`--service-account-signing-key-file=${pki('sa.key')}`],
    ...['--service-account-issuer=https://kubernetes.default.svc', '--allow-privileged=true'],
    ...[`--service-cluster-ip-range=${configuration.SERVICE_SUBNET}`, '--authorization-mode=Node,RBAC'],
    ...['--enable-admission-plugins=NodeRestriction', '--kubelet-preferred-address-types=InternalIP'],
    ...[`--kubelet-client-certificate=${pki('admin.crt')}`, `--kubelet-client-key=${pki('admin.key')}`],
  ]);
  await ready(node, 'kube-apiserver', () => succeeds(node.client('kubectl', ['get', '--raw', '/readyz'])));
}

async function startContainers(node: TestNode): Promise<void> {
  const { folder, binaries } = node;
  writeFileSync(folder.path('containerd.toml'), configuration.containerdConfig(folder, binaries));
  writeFileSync(folder.path('cni', '10-test.conflist'), configuration.cniConfig(folder));
  start(node, 'containerd', ['--config', folder.path('containerd.toml')]);
  const pause = readFileSync(join(binaries, 'pause'));
  const archive = folder.path('pause.tar');
  const layers = [layer([{ kind: 'file', path: 'pause', mode: 0o755, data: pause }])];
  writeFileSync(archive, ociArchive({ name: configuration.PAUSE_IMAGE, layers, config: { Entrypoint: ['/pause'] } }));
  await ready(node, 'containerd', () => succeeds(node.loadImage(archive)));
}

async function startControllers(node: TestNode): Promise<void> {
  const { folder } = node;
  const pki = (name: string) => folder.path('pki', name);
  const client = [`--kubeconfig=${folder.adminConfig}`, '--leader-elect=false'];
  start(node, 'kube-controller-manager', [
    ...client,
    ...[`--service-account-private-key-file=${pki('sa.key')}`, `--root-ca-file=${pki('ca.crt')}`],
    '--use-service-account-credentials',
  ]);
  start(node, 'kube-scheduler', client);
}

async function startNode(node: TestNode): Promise<void> {
  const { folder } = node;
  writeFileSync(folder.path('kubelet.yaml'), configuration.kubeletConfig(folder));
  writeFileSync(folder.path('resolv.conf'), `nameserver ${configuration.DNS_SERVICE_IP}\n`);
  writeFileSync(folder.path('Corefile'), configuration.corefile(folder));
  start(node, 'kubelet', [
    ...[`--config=${folder.path('kubelet.yaml')}`, `--kubeconfig=${folder.path('node.conf')}`],
    ...['--hostname-override=node1', `--node-ip=${folder.nodeIp}`, `--root-dir=${folder.path('kubelet')}`],
    `--cert-dir=${folder.path('kubelet-pki')}`,
  ]);
  start(node, 'kube-proxy', [
    ...[`--kubeconfig=${folder.adminConfig}`, '--hostname-override=node1', '--proxy-mode=nftables'],
    ...[`--cluster-cidr=${folder.podSubnet}`, '--conntrack-max-per-core=0'],
  ]);
  start(node, 'coredns', ['-conf', folder.path('Corefile')]);
  await node.client('kubectl', ['apply', '-f', '-'], { input: configuration.dnsService(folder) });
  const nodeReady = ['wait', '--for=condition=Ready', 'node/node1', '--timeout=60s'];
  await ready(node, 'kubelet', () => succeeds(node.client('kubectl', nodeReady, { timeoutMs: 90_000 })));
  const account = ['--namespace=default', 'get', 'serviceaccount', 'default'];
  await ready(node, 'kube-controller-manager', () => succeeds(node.client('kubectl', account)));
}
