/** The operator as a process of its own, with an environment of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '#test/support/compile-cache';

const MAIN = fileURLToPath(import.meta.resolve('#operator/main'));

export interface OperatorProcess {
  readonly child: ChildProcess;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** All that it wrote so far, to both outputs. */
  output(): string;
}

/** Ended with the test, whatever happens. */
export function spawnOperator(
  test: { after(release: () => Promise<void>): void },
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): OperatorProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH ?? '', ...COMPILE_CACHE, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  test.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, output: () => output };
}
