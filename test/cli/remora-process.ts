/** The `remora` command as a user starts it: a process of its own, with an environment of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '#test/operator/eventually';
import { COMPILE_CACHE } from '#test/support/compile-cache';

const ROOT = join(import.meta.dirname, '..', '..');
const ENTRY = join(ROOT, 'cli', 'remora.mjs');

/** The file of an AIProvider of this endpoint, and of an AIRoute that leads there: `chat`, of this spec. */
export const oneProvider = (endpoint: string, route: string): string => `apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: p, namespace: demo}
spec: {type: OpenAICompatible, endpoint: "${endpoint}"}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: demo}
spec: ${route}
`;

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RemoraProcess {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  signal(signal: NodeJS.Signals): void;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default: the Node that runs this test. */
  readonly node?: string;
}

const CLOSERS = new WeakMap<TestContext, AsyncDisposableStack>();

/**
 * Closes last what was opened first, and each whatever became of the others. node:test itself goes the other way and stops at the
 * first failure: a folder that cannot be removed would leave a process behind, which keeps the whole run from ending.
 */
function closeAfter(t: TestContext, close: () => void | Promise<void>): void {
  let stack = CLOSERS.get(t);
  if (stack === undefined) {
    const opened = new AsyncDisposableStack();
    t.after(() => opened.disposeAsync());
    CLOSERS.set(t, opened);
    stack = opened;
  }
  stack.defer(close);
}

/** Ended with the test, whatever happens. Nothing of this process's environment but PATH and where compiled code is kept reaches it. */
export function spawnRemora(t: TestContext, args: readonly string[], options: SpawnOptions = {}): RemoraProcess {
  const child: ChildProcess = spawn(options.node ?? process.execPath, [ENTRY, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...COMPILE_CACHE, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: (code ?? signal) as Ended['code'],
    stdout,
    stderr,
  }));
  closeAfter(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { stdout: () => stdout, stderr: () => stderr, ended, signal: (signal) => void child.kill(signal) };
}

const END_GUARD_MS = 45_000;

/** Runs to its end; one that does not come is a SIGKILL in the result, with what was said until then. */
export async function runRemora(t: TestContext, args: readonly string[], options?: SpawnOptions): Promise<Ended> {
  const remora = spawnRemora(t, args, options);
  const guard = setTimeout(() => remora.signal('SIGKILL'), END_GUARD_MS);
  try {
    return await remora.ended;
  } finally {
    clearTimeout(guard);
  }
}

/** A folder that goes away with the test; with `examples`, a copy of the example files is in it. */
export function folderFor(t: TestContext, content: 'empty' | 'examples' = 'empty'): string {
  const folder = mkdtempSync(join(tmpdir(), 'remora-cli-'));
  closeAfter(t, () => rmSync(folder, { recursive: true, force: true }));
  if (content === 'examples') cpSync(join(ROOT, 'examples'), join(folder, 'examples'), { recursive: true });
  return folder;
}

export interface DevProcess extends RemoraProcess {
  /** Base URL of the gateway, without /v1. */
  readonly url: string;
  readonly healthUrl: string;
}

export interface DevSettings extends SpawnOptions {
  readonly paths: readonly string[];
  readonly state: string;
  /** Further flags. */
  readonly flags?: readonly string[];
}

/** `remora dev` on free ports, once it has said that it serves. */
export async function startDev(
  t: TestContext,
  { paths, state, flags = [], ...options }: DevSettings,
): Promise<DevProcess> {
  const args = ['dev', ...paths, '--port', '0', '--health-port', '0', '--state', state, ...flags];
  const remora = spawnRemora(t, args, options);
  let over = false;
  void remora.ended.then(() => {
    over = true;
  });
  const said = await eventually('remora dev says where it serves', () => {
    if (over) return ['', '', ''];
    return /chat on (http:\S+)\/v1 \(health and metrics on (http:\S+)\)[\s\S]*OPENAI_API_KEY=remora\n/.exec(
      remora.stderr(),
    );
  });
  const [, url = '', healthUrl = ''] = said;
  if (url === '') throw new Error(`remora dev ended: ${remora.stderr()}`);
  return { ...remora, url, healthUrl };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One chat request, as an SDK would send it. */
export async function chat(url: string, body: object): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Say hello' }], ...body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
