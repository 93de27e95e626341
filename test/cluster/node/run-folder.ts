/** Where one run of the test cluster keeps everything: its names and paths follow from one id, so that runs never meet. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface RunFolder {
  readonly id: string;
  readonly root: string;
  /** Network namespace. */
  readonly netns: string;
  /** Cgroup under which the kubelet puts all its pods, from the root of each hierarchy. */
  readonly cgroup: string;
  /** Address of the node in its own /24; pods have another. */
  readonly nodeIp: string;
  readonly podSubnet: string;
  readonly containerdSocket: string;
  readonly adminConfig: string;
  path(...parts: string[]): string;
}

/** All runs on this machine, so that one can clear away what a crashed one left. */
export const RUNS_ROOT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'remora', 'cluster');

export function runFolder(id: string): RunFolder {
  const root = join(RUNS_ROOT, id);
  const octet = 1 + (Number.parseInt(id.slice(0, 2), 16) % 60);
  return {
    id,
    root,
    netns: `remora-${id}`,
    cgroup: `/remora-${id}`,
    nodeIp: `10.${octet}.0.1`,
    podSubnet: `10.${octet + 128}.0.0/24`,
    containerdSocket: join(root, 'run', 'containerd.sock'),
    adminConfig: join(root, 'admin.conf'),
    path: (...parts) => join(root, ...parts),
  };
}

export function createRunFolder(id: string): RunFolder {
  const folder = runFolder(id);
  for (const part of ['pki', 'log', 'run', 'pid', 'cni']) mkdirSync(folder.path(part), { recursive: true });
  return folder;
}
