/** Runs a program to its end, and one that does not come to it until it has said where each of its threads stands. */
import { execFile } from 'node:child_process';

const OUTPUT_BYTES = 4 * 1024 * 1024;
/** For the stacks to be written. */
const LAST_WORDS_MS = 5_000;

export interface Child {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly deadlineMs: number;
  /** Makes it write its stacks. Absent: it is ended without. */
  readonly stacksBy?: NodeJS.Signals | undefined;
  readonly signal: AbortSignal;
}

export interface Ended {
  readonly isLate: boolean;
  /** Absent: it ended by itself and well. */
  readonly error?: Error | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export const runChild = ({ program, args, env, deadlineMs, stacksBy, signal }: Child): Promise<Ended> =>
  new Promise((resolve) => {
    let isLate = false;
    const timers: NodeJS.Timeout[] = [];
    const child = execFile(program, args, { env, signal, maxBuffer: OUTPUT_BYTES }, (error, stdout, stderr) => {
      for (const timer of timers) clearTimeout(timer);
      resolve({ isLate, error: error ?? undefined, stdout, stderr });
    });
    const end = (): void => {
      isLate = true;
      if (stacksBy !== undefined) child.kill(stacksBy);
      timers.push(setTimeout(() => child.kill('SIGKILL'), stacksBy === undefined ? 0 : LAST_WORDS_MS));
    };
    timers.push(setTimeout(end, deadlineMs));
  });
