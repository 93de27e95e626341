/** The measuring itself: starts one by one, then rounds in which the variants take turns under the same load. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '#test/support/free-ports';
import { cpuUs, type Processes, type Program, type Running, residentMib } from './processes.ts';
import type { Recipe } from './programs.ts';
import { PROXIES, type ProxyName, type Samples, VARIANTS, type Variant } from './samples.ts';

const READY_DEADLINE_MS = 20_000;
const READY_POLL_MS = 2;
/** Between the first answer and the look at memory: what a start leaves to the next turns of the loop is over then. */
const SETTLE_MS = 500;
/** Long enough for the optimizing compiler to have seen every stage. */
const WARM_SECONDS = 5;
const STREAMS = 200;
/** Of one stream of the mock: role, 64 texts, finish, usage. */
const CHUNKS_PER_STREAM = 67;

export interface Bench {
  readonly processes: Processes;
  /** The Go program. */
  readonly tool: string;
  readonly recipes: Readonly<Record<ProxyName, Recipe>>;
  readonly upstreamPort: number;
  readonly samples: Samples;
  readonly progress: (line: string) => void;
}

interface Endpoint {
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

/** Memory and time to ready, each start by itself. */
export async function measureStarts(bench: Bench, starts: number): Promise<void> {
  for (let start = 0; start < starts; start += 1) {
    bench.progress(`start ${start + 1} of ${starts}`);
    for (const variant of turns(PROXIES, start)) await measureStart(bench, variant);
  }
}

async function measureStart(bench: Bench, variant: ProxyName): Promise<void> {
  const { processes, tool, samples } = bench;
  const { running, url, readyMs } = await startProxy(bench, variant);
  samples.add('readyMs', variant, readyMs);
  await delay(SETTLE_MS);
  samples.add('idleMib', variant, residentMib(running.pid));
  const holding: Program = {
    role: 'load',
    command: tool,
    args: ['hold', '-url', url, '-c', String(STREAMS), '-s', '30'],
  };
  samples.add('streamsMib', variant, await processes.during(holding, () => residentMib(running.pid)));
  await running.stop();
}

export async function measureRounds(bench: Bench, rounds: number, seconds: number): Promise<void> {
  const endpoints: Endpoint[] = [];
  for (const variant of PROXIES) endpoints.push({ variant, ...(await startProxy(bench, variant)) });
  endpoints.push({ variant: 'direct', url: `http://127.0.0.1:${bench.upstreamPort}`, running: undefined });
  for (const { url } of endpoints) {
    await load(bench, { url, connections: 16, seconds: WARM_SECONDS });
    await load(bench, { url, connections: STREAMS, seconds: WARM_SECONDS / 3, stream: true });
  }
  for (let round = 0; round < rounds; round += 1) {
    bench.progress(`round ${round + 1} of ${rounds}`);
    await measureRound(bench, turns(endpoints, round), seconds);
  }
  for (const { running } of endpoints) await running?.stop();
}

/** Measure by measure, so that variants that are compared run within seconds of each other. */
async function measureRound(bench: Bench, endpoints: readonly Endpoint[], seconds: number): Promise<void> {
  const { samples } = bench;
  for (const { variant, url, running } of endpoints) {
    const { cpu, result } = await loadAndCount(bench, running, { url, connections: 16, seconds });
    samples.add('requestsPerSecond', variant, result.requests / result.seconds);
    if (running !== undefined) samples.add('cpuBusyUs', variant, cpu / result.requests);
  }
  const alone = new Map<Variant, LoadResult>();
  for (const { variant, url, running } of endpoints) {
    const { cpu, result } = await loadAndCount(bench, running, { url, connections: 1, seconds: seconds * 0.75 });
    alone.set(variant, result);
    if (running !== undefined) samples.add('cpuAloneUs', variant, cpu / result.requests);
  }
  addLatencies(samples, alone);
  for (const { variant, url, running } of endpoints) {
    if (running === undefined) continue;
    const streams = { url, connections: STREAMS, seconds: seconds / 2, stream: true };
    const { cpu, result } = await loadAndCount(bench, running, streams);
    samples.add('cpuPerChunkUs', variant, cpu / (result.requests * CHUNKS_PER_STREAM));
  }
}

function addLatencies(samples: Samples, alone: ReadonlyMap<Variant, LoadResult>): void {
  const direct = alone.get('direct');
  if (direct === undefined) return;
  for (const variant of VARIANTS) {
    const result = alone.get(variant);
    if (result === undefined || result === direct) continue;
    samples.add('addedP50Us', variant, result.p50Us - direct.p50Us);
    samples.add('addedP99Us', variant, result.p99Us - direct.p99Us);
  }
}

/** The other way round each time, so that no variant always comes after the same one. */
const turns = <T>(items: readonly T[], round: number): readonly T[] => (round % 2 === 0 ? items : items.toReversed());

async function startProxy(bench: Bench, variant: ProxyName) {
  const [ingress = 0, health = 0] = await freePorts(2);
  const folder = join(bench.processes.folder, `${variant.replace(' ', '-')}-${ingress}`);
  const program = bench.recipes[variant]({ upstream: bench.upstreamPort, ingress, health }, folder);
  const running = bench.processes.start(program);
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

interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly stream?: boolean;
}

interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** With the processor time, in µs, that `running` took meanwhile. */
async function loadAndCount(bench: Bench, running: Running | undefined, options: LoadOptions) {
  const before = running === undefined ? 0 : cpuUs(running.pid);
  const result = await load(bench, options);
  return { result, cpu: running === undefined ? 0 : cpuUs(running.pid) - before };
}

/** Rejects when a request failed: figures with failures in them mean nothing. */
async function load({ processes, tool }: Bench, options: LoadOptions): Promise<LoadResult> {
  const { url, connections, seconds, stream = false } = options;
  const args = ['load', '-url', url, '-c', String(connections), '-s', String(seconds), `-stream=${stream}`];
  const result = JSON.parse(await processes.run({ role: 'load', command: tool, args })) as LoadResult;
  if (result.failures > 0 || result.requests === 0) {
    throw new Error(`${result.failures} requests to ${url} failed and ${result.requests} did not: no figures.`);
  }
  return result;
}
