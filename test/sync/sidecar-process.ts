/** The injected sidecar as a process of its own, with the environment that injection writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { POD_ENV } from '#contract/names/pod';
import { COMPILE_CACHE } from '#test/support/compile-cache';

const MAIN = fileURLToPath(import.meta.resolve('#sidecar/main'));

export interface LogLine {
  readonly msg?: string;
  readonly ingress?: number;
  readonly health?: number;
  readonly outcome?: string;
}

export interface SidecarProcess {
  readonly pid: number | undefined;
  readonly lines: readonly LogLine[];
  readonly stderr: () => string;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** `http://127.0.0.1:<port>` once it serves. */
  ingress(): string | undefined;
  health(): string | undefined;
}

export interface InjectedPlace {
  /** Where token, state and journal are put. */
  readonly dir: string;
  readonly operatorPort: number;
  readonly caPem: string;
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly token: string;
}

/** What injection writes into the container of a sidecar, on free ports. */
export function injectedEnv(place: InjectedPlace): Readonly<Record<string, string>> {
  const tokenFile = join(place.dir, 'token');
  writeFileSync(tokenFile, place.token);
  return {
    [POD_ENV.operatorAddress]: `localhost:${place.operatorPort}`,
    [POD_ENV.caPem]: place.caPem,
    [POD_ENV.tokenFile]: tokenFile,
    [POD_ENV.podName]: place.podName,
    [POD_ENV.podUid]: place.podUid,
    [POD_ENV.podNamespace]: place.namespace,
    [POD_ENV.stateDir]: join(place.dir, 'state'),
    [POD_ENV.journalDir]: join(place.dir, 'journal'),
    [POD_ENV.ingressPort]: '0',
    [POD_ENV.healthPort]: '0',
  };
}

/** It is killed by whoever spawned it, at the latest when its test is over. `within`: a command that becomes the sidecar, which is its last arguments. */
export function spawnSidecar(env: Readonly<Record<string, string>>, within: readonly string[] = []): SidecarProcess {
  const [command = '', ...args] = [...within, process.execPath, MAIN];
  const child: ChildProcess = spawn(command, args, {
    env: { PATH: process.env.PATH ?? '', ...COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  let stderr = '';
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => void lines.push(JSON.parse(line) as LogLine));
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const urlOf = (which: 'ingress' | 'health'): string | undefined => {
    const port = lines.find(({ msg }) => msg === 'serving')?.[which];
    return port === undefined ? undefined : `http://127.0.0.1:${port}`;
  };
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  return {
    pid: child.pid,
    lines,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
    ended,
    ingress: () => urlOf('ingress'),
    health: () => urlOf('health'),
  };
}
