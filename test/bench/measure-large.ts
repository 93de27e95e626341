/** Bodies of 1 MB in processor time, and of 10 MiB in how long the event loop stands still for them. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Bench, LARGE_KINDS, type LargeKind, load, loadAndCount, startProxy, turns } from './load.ts';
import type { Running } from './processes.ts';
import { LARGE_PROXIES, type Measure, type ProxyName } from './samples.ts';

const MEGABYTE = 1_000_000;
/** As large as a sidecar takes by default. */
const LARGEST_BYTES = 10 * 1024 * 1024;
/** As few as keep the process busy: more would only wait, and hold their bodies meanwhile. */
const CONNECTIONS = 2;
const WARM_SECONDS = 2;
const WORD_DEADLINE_MS = 10_000;
const WORD_POLL_MS = 20;

const MONITOR = fileURLToPath(new URL('./loop-monitor.mjs', import.meta.url));

interface Watched {
  readonly variant: ProxyName;
  readonly url: string;
  readonly running: Running;
  /** Ends a time of watching and begins the next: the longest that the event loop stood still, in ms. */
  readonly worstMs: () => Promise<number>;
}

export async function measureLarge(bench: Bench, rounds: number, seconds: number): Promise<void> {
  const proxies: Watched[] = [];
  for (const variant of LARGE_PROXIES) proxies.push(await startWatched(bench, variant));
  for (const { url } of proxies) {
    const warming = { url, connections: CONNECTIONS, seconds: WARM_SECONDS };
    await load(bench, { ...warming, bodyBytes: MEGABYTE });
    for (const kind of ['prompts', 'turns', 'calls'] as const)
      await load(bench, { ...warming, seconds: WARM_SECONDS / 2, bodyBytes: LARGEST_BYTES, connections: 1, kind });
  }
  for (let round = 0; round < rounds; round += 1) {
    bench.progress(`large bodies, round ${round + 1} of ${rounds}`);
    await measureCpu(bench, turns(proxies, round), seconds);
    await measureStandstill(bench, turns(proxies, round), seconds);
  }
  for (const { running } of proxies) await running.stop();
}

async function measureCpu(bench: Bench, proxies: readonly Watched[], seconds: number): Promise<void> {
  for (const { variant, url, running } of proxies) {
    const options = { url, connections: CONNECTIONS, seconds, bodyBytes: MEGABYTE };
    const { cpu, result } = await loadAndCount(bench, running, options);
    bench.samples.add('cpuMegabyteMs', variant, cpu / result.requests / 1000);
  }
}

/** The other API has no such files, and the yardstick reads JSON alone. */
const WITHOUT_FILES: ReadonlySet<ProxyName> = new Set(['remora to Anthropic', 'bare']);

const MEASURE_OF: Readonly<Record<LargeKind, Measure>> = {
  prompts: 'standstillPromptsMs',
  turns: 'standstillTurnsMs',
  parts: 'standstillPartsMs',
  batch: 'standstillBatchMs',
  answer: 'standstillAnswerMs',
  calls: 'standstillCallsMs',
};

async function measureStandstill(bench: Bench, proxies: readonly Watched[], seconds: number): Promise<void> {
  for (const { variant, url, worstMs } of proxies) {
    const kinds = LARGE_KINDS.filter((kind) => kind !== 'batch' || !WITHOUT_FILES.has(variant));
    const worst: number[] = [];
    for (const kind of kinds) {
      await worstMs();
      await load(bench, { url, connections: 1, seconds: seconds / 2, bodyBytes: LARGEST_BYTES, kind });
      const ms = await worstMs();
      bench.samples.add(MEASURE_OF[kind], variant, ms);
      worst.push(ms);
    }
    bench.samples.add('standstillMs', variant, Math.max(...worst));
  }
}

/** With a monitor inside, which writes a line to its file whenever it is asked by a signal. */
async function startWatched(bench: Bench, variant: ProxyName): Promise<Watched> {
  const file = join(bench.processes.folder, `loop-of-${variant.replaceAll(' ', '-')}`);
  appendFileSync(file, '');
  const monitor = pathToFileURL(MONITOR);
  monitor.searchParams.set('file', file);
  const { running, url } = await startProxy(bench, variant, ['--import', monitor.href]);
  const linesOf = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return {
    variant,
    url,
    running,
    worstMs: async () => {
      const known = linesOf().length;
      process.kill(running.pid, 'SIGUSR2');
      for (const until = performance.now() + WORD_DEADLINE_MS; performance.now() < until; await delay(WORD_POLL_MS)) {
        const word = linesOf()[known];
        if (word !== undefined) return Number(word);
      }
      throw new Error(`The monitor of ${variant} said nothing within ${WORD_DEADLINE_MS} ms.`);
    },
  };
}
