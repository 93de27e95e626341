/** The load on one endpoint and what it costs there: the proxies that are started for it, and what the Go program says of its answers. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '#test/support/free-ports';
import { cpuUs, type Processes, type Running } from './processes.ts';
import type { Recipe } from './programs.ts';
import type { ProxyName, Samples, Variant } from './samples.ts';

const READY_DEADLINE_MS = 20_000;
const READY_POLL_MS = 2;

export interface Bench {
  readonly processes: Processes;
  /** The Go program. */
  readonly tool: string;
  readonly recipes: Readonly<Record<ProxyName, Recipe>>;
  readonly upstreamPort: number;
  readonly samples: Samples;
  readonly progress: (line: string) => void;
}

export interface Endpoint {
  readonly variant: Variant;
  readonly url: string;
  /** undefined for `direct`, where there is no process of ours. */
  readonly running: Running | undefined;
}

const BODY = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'Tell me about fish.' }] });

/** Starts the upstream; it ends with the run. */
export async function startUpstream(processes: Processes, tool: string): Promise<number> {
  const [port = 0] = await freePorts(1);
  const running = processes.start({ role: 'load', command: tool, args: ['mock', '-addr', `127.0.0.1:${port}`] });
  await firstAnswer(`http://127.0.0.1:${port}`, running);
  return port;
}

export const directTo = ({ upstreamPort }: Bench): Endpoint => ({
  variant: 'direct',
  url: `http://127.0.0.1:${upstreamPort}`,
  running: undefined,
});

/** The other way round each time, so that no variant always comes after the same one. */
export const turns = <T>(items: readonly T[], round: number): readonly T[] =>
  round % 2 === 0 ? items : items.toReversed();

/** `flags` go to node, before those of the recipe. */
export async function startProxy(bench: Bench, variant: ProxyName, flags: readonly string[] = []) {
  const [ingress = 0, health = 0] = await freePorts(2);
  const folder = join(bench.processes.folder, `${variant.replaceAll(' ', '-')}-${ingress}`);
  const program = bench.recipes[variant]({ upstream: bench.upstreamPort, ingress, health }, folder);
  const running = bench.processes.start({ ...program, args: [...flags, ...program.args] });
  const url = `http://127.0.0.1:${ingress}`;
  const readyMs = (await firstAnswer(url, running)) - running.startedMs;
  return { running, url, readyMs };
}

/** When the first 200 had come; asks again and again, as a probe would but without its pauses. */
async function firstAnswer(url: string, running: Running): Promise<number> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while ((await statusOf(url)) !== 200) {
    const lastWords = running.ended();
    if (lastWords !== undefined) throw new Error(`A process of the benchmark ended at its start: ${lastWords}`);
    if (performance.now() > deadline) throw new Error(`Nothing answered on ${url} within ${READY_DEADLINE_MS} ms.`);
    await delay(READY_POLL_MS);
  }
  return performance.now();
}

/** 0: no connection. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) };
    const outgoing = request(`${url}/v1/chat/completions`, { method: 'POST', headers, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.once('error', () => resolve(0));
    outgoing.setTimeout(READY_DEADLINE_MS, () => outgoing.destroy());
    outgoing.end(BODY);
  });
}

/**
 * `prompts`: one long text, and turns of 4 KiB. `turns` and `parts`: of 100 bytes. `batch`: the upload of a file. `answer` and `calls`: a small
 * question that is answered by one text, or by 20,000 calls.
 */
export const LARGE_KINDS = ['prompts', 'turns', 'parts', 'batch', 'answer', 'calls'] as const;
export type LargeKind = (typeof LARGE_KINDS)[number];

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly stream?: boolean;
  /** Of each body, instead of about 1 KB. */
  readonly bodyBytes?: number;
  /** Of such bodies. Default: `prompts`. */
  readonly kind?: LargeKind;
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** With the processor time, in µs, that `running` took meanwhile. */
export async function loadAndCount(bench: Bench, running: Running | undefined, options: LoadOptions) {
  const before = running === undefined ? 0 : cpuUs(running.pid);
  const result = await load(bench, options);
  return { result, cpu: running === undefined ? 0 : cpuUs(running.pid) - before };
}

/** Rejects when a request failed: figures with failures in them mean nothing. */
export function load(bench: Bench, options: LoadOptions): Promise<LoadResult> {
  const { stream = false, bodyBytes = 0, kind = 'prompts' } = options;
  return runTool(bench, options, ['load', `-stream=${stream}`, '-size', String(bodyBytes), '-kind', kind]);
}

/** Of each chunk the time from the upstream to the client, in place of a request's. */
export const arrivals = (bench: Bench, options: LoadOptions): Promise<LoadResult> =>
  runTool(bench, options, ['arrive']);

async function runTool(
  { processes, tool }: Bench,
  { url, connections, seconds }: LoadOptions,
  [command = '', ...flags]: readonly string[],
): Promise<LoadResult> {
  const args = [command, '-url', url, '-c', String(connections), '-s', String(seconds), ...flags];
  const result = JSON.parse(await processes.run({ role: 'load', command: tool, args })) as LoadResult;
  if (result.failures > 0 || result.requests === 0) {
    throw new Error(`${result.failures} requests to ${url} failed and ${result.requests} did not: no figures.`);
  }
  return result;
}
