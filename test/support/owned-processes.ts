/** Processes that belong to this test process and end with it, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const LOG_LINES = 15;
const STOP_DEADLINE_MS = 5_000;

/** Reads until its parent is gone, then ends the processes given by id and removes the folder. */
const GUARD = 'cat >/dev/null; folder=$1; shift; kill -9 "$@" 2>/dev/null; rm -rf "$folder"';

/** A group of processes that keep their state and logs in one temporary folder, which goes away with them. */
export class OwnedProcesses {
  readonly folder: string;
  readonly #children = new Map<string, ChildProcess>();
  #guard: ChildProcess | undefined;
  readonly #onExit = () => this.#endNow();

  constructor(folder: string) {
    this.folder = folder;
    process.once('exit', this.#onExit);
  }

  /** Starts a program whose output goes to `<name>.log`. It does not keep this process alive. */
  start(name: string, command: string, args: readonly string[]): void {
    const log = openSync(join(this.folder, `${name}.log`), 'a');
    const child = spawn(command, args, { stdio: ['ignore', log, log], cwd: this.folder });
    child.on('error', () => {});
    child.unref();
    this.#children.set(name, child);
    this.#watch();
  }

  /** The name of a program that has ended, with its last words, or undefined while all run. */
  ended(): string | undefined {
    for (const [name, child] of this.#children) {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) continue;
      return `${name} ended (${child.signalCode ?? child.exitCode ?? 'not started'}):\n${this.log(name)}`;
    }
    return undefined;
  }

  /** The last lines of a program's log. */
  log(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-LOG_LINES)
      .join('\n');
  }

  /** Asks all to end, the last started first, and removes the folder. */
  async stop(): Promise<void> {
    for (const child of [...this.#children.values()].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const gone = once(child, 'exit');
      child.ref();
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await gone;
      clearTimeout(late);
    }
    this.#endNow();
    process.off('exit', this.#onExit);
  }

  /** A new guard for the present set of processes. It sits in a session of its own, so that Ctrl-C does not take it along. */
  #watch(): void {
    const previous = this.#guard;
    const pids = [...this.#children.values()].flatMap((child) => (child.pid === undefined ? [] : [String(child.pid)]));
    if (pids.length === 0) return;
    const args = ['-c', GUARD, 'guard', this.folder, ...pids];
    this.#guard = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#guard.unref();
    // The pipe is a socket underneath, and must not keep the event loop turning.
    (this.#guard.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    killGroup(previous);
  }

  #endNow(): void {
    for (const child of this.#children.values()) if (child.exitCode === null) child.kill('SIGKILL');
    killGroup(this.#guard);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A guard leads a group of its own, in which its reader of the pipe must end as well. */
function killGroup(leader: ChildProcess | undefined): void {
  if (leader?.pid === undefined || leader.exitCode !== null || leader.signalCode !== null) return;
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
