/** Runs one command under a deadline and says what it printed when it fails. */
import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly input?: string;
  /** Default one minute. */
  readonly timeoutMs?: number;
}

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly stderr: string;
  readonly stdout: string;

  constructor(line: string, outcome: string, output: { readonly stdout: string; readonly stderr: string }) {
    super(`${line}: ${outcome}\n${output.stderr.trim()}`);
    this.stderr = output.stderr;
    this.stdout = output.stdout;
  }
}

const MAX_OUTPUT_BYTES = 16 * 2 ** 20;

/** What it wrote to standard output. Rejects with CommandError when it fails, cannot be started or takes too long. */
export function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const line = [file, ...args].join(' ').slice(0, 300);
  const timeoutMs = options.timeoutMs ?? 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { timeout: timeoutMs, killSignal: 'SIGKILL' });
    const output = { stdout: '', stderr: '' };
    const collect = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
      if (output[stream].length < MAX_OUTPUT_BYTES) output[stream] += chunk.toString();
    };
    child.stdout.on('data', collect('stdout'));
    child.stderr.on('data', collect('stderr'));
    child.on('error', (error) => reject(new CommandError(line, error.message, output)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output.stdout);
      else if (signal === 'SIGKILL') reject(new CommandError(line, `no end within ${timeoutMs} ms`, output));
      else reject(new CommandError(line, `exit ${code ?? signal}`, output));
    });
    // A command that exits before it reads all of its input is reported by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
