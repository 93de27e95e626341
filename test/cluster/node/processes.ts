/**
 * Starts the node's processes and ends them by process id. Each id is kept in a file together with the process's start time,
 * so that a later run can end what a crashed one left and never a stranger that got the same number.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunFolder } from './run-folder.ts';

/** Starts one process inside the run's network namespace; its output goes to `log/<name>.log`. */
export function startProcess(folder: RunFolder, name: string, [file, ...args]: readonly [string, ...string[]]): void {
  const log = openSync(folder.path('log', `${name}.log`), 'a');
  const child = spawn('nsenter', [`--net=/run/netns/${folder.netns}`, file, ...args], {
    stdio: ['ignore', log, log],
    // Its own session: Ctrl-C reaches this program, which then ends the parts in order.
    detached: true,
    // containerd finds its shim, and CNI plugins find iptables, by PATH.
    env: { ...process.env, PATH: `${dirname(file)}:${process.env.PATH ?? ''}` },
  });
  closeSync(log);
  child.unref();
  child.on('error', () => {});
  if (child.pid !== undefined) recordPid(folder, name, child.pid);
}

export function recordPid(folder: RunFolder, name: string, pid: number): void {
  writeFileSync(folder.path('pid', name), `${pid} ${startTime(pid) ?? ''}`);
}

/** Whether the process that was recorded under this name still runs. */
export function isRunning(folder: RunFolder, name: string): boolean {
  return recordedPid(folder, name) !== undefined;
}

/** SIGTERM, then SIGKILL after the grace time. */
export async function endProcess(folder: RunFolder, name: string, graceMs = 3_000): Promise<void> {
  const pid = recordedPid(folder, name);
  if (pid !== undefined) await endPid(pid, graceMs);
  rmSync(folder.path('pid', name), { force: true });
}

export async function endPid(pid: number, graceMs: number): Promise<void> {
  const started = startTime(pid);
  if (started === undefined) return;
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (startTime(pid) === started && Date.now() < deadline) await delay(50);
  if (startTime(pid) === started) signal(pid, 'SIGKILL');
}

/** Process ids whose command line contains the text; it must be unique to the run, such as a path in its folder. */
export function pidsByCommandLine(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLine(pid).includes(text));
}

function recordedPid(folder: RunFolder, name: string): number | undefined {
  try {
    const [pid = '', started = ''] = readFileSync(folder.path('pid', name), 'utf8').split(' ');
    return started !== '' && startTime(Number(pid)) === started ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat, after the command name in brackets; undefined when there is no such process or it is a zombie. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}
