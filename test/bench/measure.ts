/** The measuring itself: starts one by one, then rounds in which the variants take turns under the same load. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  arrivals,
  type Bench,
  directTo,
  type Endpoint,
  type LoadResult,
  load,
  loadAndCount,
  startProxy,
  turns,
} from './load.ts';
import { measureLarge } from './measure-large.ts';
import { type Program, residentMib } from './processes.ts';
import { type Group, type Measure, PROXIES, type ProxyName, type Samples, VARIANTS, type Variant } from './samples.ts';

/** Between the first answer and the look at memory: what a start leaves to the next turns of the loop is over then. */
const SETTLE_MS = 500;
/** Long enough for the optimizing compiler to have seen every stage: some 30,000 requests. */
const WARM_SECONDS = 12;
const STREAMS = 200;
/** Of one stream of the mock: role, 64 texts, finish, usage. */
const CHUNKS_PER_STREAM = 67;

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

export interface Rounds {
  readonly groups: ReadonlySet<Group>;
  readonly rounds: number;
  readonly seconds: number;
  /** Of load on each variant before anything is counted; cut short for a quick look. */
  readonly warmShare: number;
}

/** What is compared runs within seconds of each other: measure by measure, all variants in turn. */
export async function measureRounds(bench: Bench, { groups, rounds, seconds, warmShare }: Rounds): Promise<void> {
  const measures: readonly ((endpoints: readonly Endpoint[], seconds: number) => Promise<void>)[] = [
    ...(groups.has('requests') ? [measureRequests.bind(undefined, bench)] : []),
    ...(groups.has('chunks') ? [measureChunks.bind(undefined, bench)] : []),
  ];
  if (measures.length > 0) {
    const endpoints: Endpoint[] = [];
    for (const variant of PROXIES) endpoints.push({ variant, ...(await startProxy(bench, variant)) });
    endpoints.push(directTo(bench));
    for (const { url } of endpoints) {
      await load(bench, { url, connections: 16, seconds: WARM_SECONDS * warmShare });
      await load(bench, { url, connections: STREAMS, seconds: (WARM_SECONDS / 4) * warmShare, stream: true });
    }
    for (let round = 0; round < rounds; round += 1) {
      bench.progress(`round ${round + 1} of ${rounds}`);
      for (const measure of measures) await measure(turns(endpoints, round), seconds);
    }
    for (const { running } of endpoints) await running?.stop();
  }
  if (groups.has('large')) await measureLarge(bench, rounds, seconds);
}

async function measureRequests(bench: Bench, endpoints: readonly Endpoint[], seconds: number): Promise<void> {
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
  addLatencies(samples, alone, { p50: 'addedP50Us', p99: 'addedP99Us' });
}

async function measureChunks(bench: Bench, endpoints: readonly Endpoint[], seconds: number): Promise<void> {
  for (const { variant, url, running } of endpoints) {
    if (running === undefined) continue;
    const streams = { url, connections: STREAMS, seconds: seconds / 2, stream: true };
    const { cpu, result } = await loadAndCount(bench, running, streams);
    bench.samples.add('cpuPerChunkUs', variant, cpu / (result.requests * CHUNKS_PER_STREAM));
  }
  const arrived = new Map<Variant, LoadResult>();
  for (const { variant, url } of endpoints)
    arrived.set(variant, await arrivals(bench, { url, connections: STREAMS, seconds }));
  addLatencies(bench.samples, arrived, { p50: 'chunkP50Us', p99: 'chunkP99Us' });
}

/** Each over direct, in the same round. */
function addLatencies(
  samples: Samples,
  results: ReadonlyMap<Variant, LoadResult>,
  measures: { readonly p50: Measure; readonly p99: Measure },
): void {
  const direct = results.get('direct');
  if (direct === undefined) return;
  for (const variant of VARIANTS) {
    const result = results.get(variant);
    if (result === undefined || result === direct) continue;
    samples.add(measures.p50, variant, result.p50Us - direct.p50Us);
    samples.add(measures.p99, variant, result.p99Us - direct.p99Us);
  }
}
