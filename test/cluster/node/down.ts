/** Takes a run down: pods first, then the parts, then mounts, network and files. Works on what a crashed run left, too. */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeCgroup } from './cgroups.ts';
import { command } from './command.ts';
import { removeNetwork } from './network.ts';
import { endPid, endProcess, isRunning, pidsByCommandLine } from './processes.ts';
import { RUNS_ROOT, type RunFolder, runFolder } from './run-folder.ts';

/** Name under which the process that brought the node up is recorded. */
export const OWNER = 'owner';

const LOG_LINKS = '/var/log/containers';
const PARTS = ['kubelet', 'kube-proxy', 'coredns', 'kube-scheduler', 'kube-controller-manager', 'kube-apiserver'];

/** Leaves nothing behind. */
export async function nodeDown(folder: RunFolder): Promise<void> {
  // The kubelet first, or it starts again what is ended below.
  await Promise.all(PARTS.map((part) => endProcess(folder, part)));
  await removeCgroup(folder);
  await Promise.all(pidsByCommandLine(`-address ${folder.containerdSocket}`).map((pid) => endPid(pid, 1_000)));
  await Promise.all([endProcess(folder, 'containerd'), endProcess(folder, 'etcd')]);
  await unmountAll(folder.root);
  await removeNetwork(folder);
  removeLogLinks(folder);
  rmSync(folder.root, { recursive: true, force: true });
}

/** Takes down the runs whose owner is gone. Returns their ids. */
export async function clearLeftovers(): Promise<string[]> {
  if (!existsSync(RUNS_ROOT)) return [];
  const orphans = readdirSync(RUNS_ROOT)
    .map(runFolder)
    .filter((folder) => !isRunning(folder, OWNER));
  for (const folder of orphans) await nodeDown(folder);
  return orphans.map((folder) => folder.id);
}

/** The kubelet links every container's log from this fixed place. */
function removeLogLinks(folder: RunFolder): void {
  if (!existsSync(LOG_LINKS)) return;
  for (const name of readdirSync(LOG_LINKS)) {
    const link = join(LOG_LINKS, name);
    if (lstatSync(link).isSymbolicLink() && readlinkSync(link).startsWith(folder.root)) rmSync(link);
  }
}

/** Innermost first; lazily, since a mount may still be in use for a moment. */
async function unmountAll(root: string): Promise<void> {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${root}/`))
    .toSorted()
    .toReversed();
  for (const point of mounts) await command('umount', ['--lazy', point]).catch(() => {});
}
