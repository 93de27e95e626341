/** The run's own cgroup in every hierarchy (v1) or the one (v2): its pods are found, and ended, by it alone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { endPid } from './processes.ts';
import type { RunFolder } from './run-folder.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';

const hierarchies = () =>
  existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))
    ? [CGROUP_ROOT]
    : readdirSync(CGROUP_ROOT).map((name) => join(CGROUP_ROOT, name));

export function createCgroup(folder: RunFolder): void {
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, folder.cgroup), { recursive: true });
}

/** Ends every process of the run's pods, then removes the groups. Groups that are still busy stay behind, empty. */
export async function removeCgroup(folder: RunFolder): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const groups = tree(join(hierarchy, folder.cgroup));
    const pids = groups.flatMap((group) => readLines(join(group, 'cgroup.procs')).map(Number));
    await Promise.all(pids.map((pid) => endPid(pid, 0)));
    for (const group of groups.toReversed()) await removeWhenEmpty(group);
  }
}

async function removeWhenEmpty(group: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      rmdirSync(group);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Parents before children. */
function tree(group: string): string[] {
  if (!existsSync(group)) return [];
  const children = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [group, ...children.flatMap((child) => tree(join(group, child.name)))];
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
