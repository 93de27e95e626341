/** The processes of a run: each on its processor, watched through /proc, and all gone when the run is, however it ends. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Processors by role: what is measured has one for itself. */
const PROCESSOR = { load: '0', measured: '1' } as const;
/** Linux counts processor time in hundredths of a second towards programs, whatever the kernel's own tick. */
const TICK_US = 10_000;
const KEPT_STDERR_CHARS = 2_000;

export interface Program {
  readonly role: keyof typeof PROCESSOR;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly pid: number;
  /** On `performance.now()`'s clock, just before the process was made. */
  readonly startedMs: number;
  /** The last of its standard error; set once it has ended. */
  readonly ended: () => string | undefined;
  stop(): Promise<void>;
}

export class Processes {
  /** For what a run writes; removed with it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'remora-bench-'));
  readonly pinned =
    availableParallelism() >= 2 && spawnSync('taskset', ['-c', PROCESSOR.measured, 'true']).status === 0;
  readonly #children = new Set<ChildProcess>();

  constructor() {
    process.once('exit', () => this.#endAll());
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)
      process.once(signal, () => process.exit(code));
    // This process reads logs and starts others: not where it would be measured along.
    if (this.pinned) spawnSync('taskset', ['-a', '-c', '-p', PROCESSOR.load, String(process.pid)]);
  }

  /** Starts a program whose output nobody wants but as a pipe that is read. */
  start(program: Program): Running {
    const startedMs = performance.now();
    const child = this.#spawn(program);
    child.stdout?.resume();
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      errors = (errors + piece).slice(-KEPT_STDERR_CHARS);
    });
    let ended: string | undefined;
    child.once('close', () => {
      ended = errors.trim();
    });
    return {
      pid: child.pid ?? 0,
      startedMs,
      ended: () => ended,
      stop: () => this.#stop(child),
    };
  }

  /** Runs a program to its end and gives its standard output. Rejects with its standard error when it fails. */
  async run(program: Program): Promise<string> {
    const child = this.#spawn(program);
    const closed = once(child, 'close');
    const [out, errors] = await Promise.all([
      child.stdout ? text(child.stdout) : '',
      child.stderr ? text(child.stderr) : '',
    ]);
    const [code] = await closed;
    if (code !== 0)
      throw new Error(`${program.command} ${program.args[0]} failed: ${errors.trim().slice(-KEPT_STDERR_CHARS)}`);
    return out;
  }

  /** Runs `work` when a program has written its first output, and ends the program afterwards. */
  async during<T>(program: Program, work: () => T): Promise<T> {
    const child = this.#spawn(program);
    try {
      const stdout = child.stdout;
      if (stdout === null || child.stderr === null) throw new Error('no pipes');
      const failed = once(child, 'close').then(() => {
        throw new Error(`${program.command} ${program.args[0]} ended early`);
      });
      await Promise.race([once(stdout, 'data'), failed]);
      failed.catch(() => {});
      return work();
    } finally {
      await this.#stop(child);
    }
  }

  #spawn({ role, command, args, env }: Program): ChildProcess {
    const [file, all] = this.pinned ? ['taskset', ['-c', PROCESSOR[role], command, ...args]] : [command, [...args]];
    const child = spawn(file, all, { stdio: ['ignore', 'pipe', 'pipe'], env: env ?? process.env });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  async #stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  #endAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** User and system time of a process so far, in microseconds. */
export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may hold spaces; user and system time are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory of a process, in MiB. */
export function residentMib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kib) / 1024;
}
