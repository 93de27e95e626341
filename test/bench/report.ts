/** The benchmark's results as Markdown, for the terminal and for the page alike. */
import { type Measure, type ProxyName, type Samples, type Spread, VARIANTS, type Variant } from './samples.ts';

export interface Circumstances {
  /** Of the processor, as the system names it. */
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Average number of running processes over a minute, before and after. */
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** Upstream and load on the first processor, what is measured on the second. */
  readonly pinned: boolean;
  readonly rounds: number;
  readonly starts: number;
  readonly seconds: number;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

interface MeasureText {
  readonly title: string;
  readonly digits: number;
  /** Whether a ratio to the bare proxy means anything. */
  readonly compared: boolean;
}

const MEASURES: Readonly<Record<Measure, MeasureText>> = {
  cpuBusyUs: { title: 'CPU per request, 16 connections, µs', digits: 1, compared: true },
  requestsPerSecond: { title: 'requests per second, 16 connections', digits: 0, compared: true },
  cpuAloneUs: { title: 'CPU per request, 1 connection, µs', digits: 1, compared: true },
  addedP50Us: { title: 'added p50, 1 connection, µs', digits: 0, compared: true },
  addedP99Us: { title: 'added p99, 1 connection, µs', digits: 0, compared: false },
  cpuPerChunkUs: { title: 'CPU per chunk, 200 streams, µs', digits: 1, compared: true },
  chunkP50Us: { title: 'added arrival of a chunk, p50, 200 streams, µs', digits: 0, compared: true },
  chunkP99Us: { title: 'added arrival of a chunk, p99, 200 streams, µs', digits: 0, compared: false },
  cpuMegabyteMs: { title: 'CPU per request of 1 MB, ms', digits: 2, compared: true },
  standstillMs: { title: 'longest standstill, 10 MiB bodies, ms', digits: 1, compared: false },
  standstillPromptsMs: { title: '- of prompts', digits: 1, compared: false },
  standstillTurnsMs: { title: '- of turns of 100 B', digits: 1, compared: false },
  standstillPartsMs: { title: '- of parts of 100 B', digits: 1, compared: false },
  standstillBatchMs: { title: '- of a batch file', digits: 1, compared: false },
  standstillAnswerMs: { title: '- of an answer of one text', digits: 1, compared: false },
  standstillCallsMs: { title: '- of an answer of 20,000 calls', digits: 1, compared: false },
  idleMib: { title: 'resident memory, idle, MiB', digits: 1, compared: true },
  streamsMib: { title: 'resident memory, 200 open streams, MiB', digits: 1, compared: true },
  readyMs: { title: 'exec to first answer, ms', digits: 0, compared: true },
};

const LARGE: readonly (readonly [ProxyName, string])[] = [
  ['remora passthrough', 'passed through'],
  ['remora translated', 'translated, its answers guarded'],
  ['remora guarded', 'guarded both ways'],
  ['remora to Anthropic', 'for another API'],
];

export interface Promised {
  readonly what: string;
  readonly limit: number;
  readonly unit: string;
  readonly measured: Spread | undefined;
}

/** The promises that this benchmark can judge. */
export const promises = (samples: Samples): Promised[] => [
  {
    what: 'CPU per plain 1 KB request, passed through',
    limit: 0.9,
    unit: '× bare',
    measured: samples.ratio('cpuBusyUs', 'remora passthrough', 'bare'),
  },
  {
    what: 'CPU per plain 1 KB request, for another API',
    limit: 1.5,
    unit: '× bare',
    measured: samples.ratio('cpuBusyUs', 'remora to Anthropic', 'bare'),
  },
  {
    what: 'CPU per streamed chunk, passed through',
    limit: 40,
    unit: 'µs',
    measured: samples.spread('cpuPerChunkUs', 'remora passthrough'),
  },
  {
    what: 'CPU per streamed chunk, for another API',
    limit: 60,
    unit: 'µs',
    measured: samples.spread('cpuPerChunkUs', 'remora to Anthropic'),
  },
  {
    what: 'added to the arrival of a chunk over direct, p99, passed through',
    limit: 1_000,
    unit: 'µs',
    measured: samples.spread('chunkP99Us', 'remora passthrough'),
  },
  {
    what: 'added to the arrival of a chunk over direct, p99, for another API',
    limit: 1_000,
    unit: 'µs',
    measured: samples.spread('chunkP99Us', 'remora to Anthropic'),
  },
  ...LARGE.filter(([variant]) => variant !== 'remora guarded').map(
    ([variant, how]): Promised => ({
      what: `CPU per request of 1 MB, ${how}`,
      limit: 2,
      unit: '× bare',
      measured: samples.ratio('cpuMegabyteMs', variant, 'bare'),
    }),
  ),
  ...LARGE.map(
    ([variant, how]): Promised => ({
      what: `longest standstill of the event loop, 10 MiB bodies, ${how}`,
      limit: 20,
      unit: 'ms',
      measured: samples.spread('standstillMs', variant),
    }),
  ),
  {
    what: 'resident memory, idle',
    limit: 80,
    unit: 'MiB',
    measured: samples.spread('idleMib', 'remora passthrough'),
  },
  {
    what: 'ready, from the bundled file',
    limit: 400,
    unit: 'ms',
    measured: samples.spread('readyMs', 'remora passthrough'),
  },
];

/** By the median. */
export function verdict({ measured, limit }: Promised): 'met' | 'not met' | 'not measured' {
  if (measured === undefined) return 'not measured';
  return measured.median <= limit ? 'met' : 'not met';
}

export function report(samples: Samples, circumstances: Circumstances): string {
  return [
    circumstancesText(circumstances),
    `## Against the promises\n\n${table(['promise', 'limit', 'median', 'min–max', ''], promises(samples).map(promiseRow))}`,
    `## Figures\n\n${table(['measure', 'variant', 'median', 'min–max', '× bare in its round'], figureRows(samples))}`,
  ].join('\n\n');
}

/** The page in docs/. */
export const page = (samples: Samples, circumstances: Circumstances): string =>
  `${INTRODUCTION}\n\n${report(samples, circumstances)}\n`;

const INTRODUCTION = `# Benchmark

Written by \`npm run bench -- --write\`. The bundled sidecar runs as in a pod (same heap flags, one log line per request, metrics on, no operator
within reach) in front of a mock upstream written in Go, which also makes the load. **bare** is the yardstick: \`node:http\` and undici's
\`dispatch()\` that parse and re-write the JSON of both bodies and do nothing else. **forwarding**: the same that does not even that, the floor of any proxy on these two. **passthrough**: nothing must change the content. **translated**: a
guardrail masks e-mail addresses in the answer, so every body is decoded, scanned and written anew. **guarded**: in the request too. **to Anthropic**:
the client speaks OpenAI's API and the upstream Anthropic's. Added latency is over **direct**, the load on the mock itself in the same round. CPU is
user and system time of the process. The arrival of chunks is measured on streams of 50 chunks a second each, by the time that the upstream writes into
every chunk. Bodies of 1 MB are one long text and a conversation of turns of 4 KiB alternately; those of 10 MiB also turns and parts of 100 bytes,
a batch file that is uploaded, and answers of one text and of 20,000 calls. A standstill is the longest time that a timer of the process
came too late, without what the process waited for a processor. All over loopback, without TLS: take the ratios, not the microseconds.`;

function circumstancesText(of: Circumstances): string {
  const where = of.pinned
    ? 'Upstream and load on one processor, the measured process on another.'
    : 'Not pinned: upstream, load and the measured process share the processors, so latencies mean little.';
  return [
    `Measured ${of.date} on ${of.cpu}, ${of.cores} cores, Node ${of.node}.`,
    `Load average ${of.loadBefore.toFixed(1)} before, ${of.loadAfter.toFixed(1)} after (the benchmark itself is about 2).`,
    where,
    `${of.rounds} interleaved rounds of ${of.seconds} s each; ${of.starts} starts.`,
  ].join(' ');
}

function promiseRow(promised: Promised): string[] {
  const { what, limit, unit, measured } = promised;
  const digits = limit < 10 ? 2 : 0;
  return [
    what,
    `≤ ${limit} ${unit}`,
    measured === undefined ? '–' : measured.median.toFixed(digits),
    range(measured, digits),
    verdict(promised),
  ];
}

function figureRows(samples: Samples): string[][] {
  return (Object.keys(MEASURES) as Measure[]).flatMap((measure) =>
    VARIANTS.flatMap((variant) => {
      const values = samples.spread(measure, variant);
      return values === undefined ? [] : [figureRow(samples, { measure, variant, values })];
    }),
  );
}

function figureRow(
  samples: Samples,
  { measure, variant, values }: { readonly measure: Measure; readonly variant: Variant; readonly values: Spread },
): string[] {
  const { title, digits, compared } = MEASURES[measure];
  const isCompared = variant !== 'direct' && variant !== 'bare';
  const ratio = compared && isCompared ? samples.ratio(measure, variant, 'bare') : undefined;
  return [
    title,
    variant,
    values.median.toFixed(digits),
    range(values, digits),
    ratio === undefined ? '' : `${ratio.median.toFixed(2)} (${range(ratio, 2)})`,
  ];
}

const range = (of: Spread | undefined, digits: number): string =>
  of === undefined ? '–' : `${of.min.toFixed(digits)}–${of.max.toFixed(digits)}`;

/** Cells are padded, so that the source reads as a table too. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
