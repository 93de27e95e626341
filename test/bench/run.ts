/**
 * `npm run bench`: the bundled sidecar beside a bare Node proxy, in figures. Options: --rounds, --seconds, --starts, --write.
 * `npm run bench -- push`: how long a change takes to every sidecar.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureRounds, measureStarts, startUpstream } from './measure.ts';
import { Processes } from './processes.ts';
import { buildTool, bundleProxies, CannotRun } from './programs.ts';
import { benchPush } from './push.ts';
import { page, report } from './report.ts';
import { Samples } from './samples.ts';

const PAGE = fileURLToPath(new URL('../../docs/reference/measured/bench.md', import.meta.url));
const DEFAULTS = { rounds: '5', seconds: '2', starts: '5' } as const;

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly starts: number;
  readonly write: boolean;
}

function readOptions(args: readonly string[]): Options {
  const option = (preset: string) => ({ type: 'string', default: preset }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: option(DEFAULTS.rounds),
      seconds: option(DEFAULTS.seconds),
      starts: option(DEFAULTS.starts),
      write: { type: 'boolean', default: false },
    },
  });
  const number = (name: keyof typeof DEFAULTS, least: number): number => {
    const value = Number(values[name]);
    if (value >= least && value <= 60) return value;
    throw new CannotRun(`--${name} is "${values[name]}": use a number from ${least} to 60.`);
  };
  return {
    rounds: Math.floor(number('rounds', 1)),
    seconds: number('seconds', 0.5),
    starts: Math.floor(number('starts', 1)),
    write: values.write,
  };
}

async function run({ rounds, seconds, starts, write }: Options): Promise<void> {
  if (process.platform !== 'linux')
    throw new CannotRun('The benchmark reads processor time from /proc: run it on Linux.');
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const loadBefore = loadavg()[0] ?? 0;
  const processes = new Processes();
  progress('building');
  const tool = buildTool();
  const recipes = await bundleProxies(processes.folder);
  const upstreamPort = await startUpstream(processes, tool);
  const bench = { processes, tool, recipes, upstreamPort, samples: new Samples(), progress };
  await measureStarts(bench, starts);
  await measureRounds(bench, rounds, seconds);
  const circumstances = {
    cpu: cpus()[0]?.model.trim() ?? 'an unknown processor',
    cores: cpus().length,
    node: process.versions.node,
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
    pinned: processes.pinned,
    rounds,
    starts,
    seconds,
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(report(bench.samples, circumstances));
  if (!write) return;
  mkdirSync(dirname(PAGE), { recursive: true });
  writeFileSync(PAGE, page(bench.samples, circumstances));
  progress(`written to ${PAGE}`);
}

try {
  const [what, ...rest] = process.argv.slice(2);
  if (what === 'push' && rest.length === 0) console.log(await benchPush());
  else await run(readOptions(process.argv.slice(2)));
  // What still runs ends with this process.
  process.exit(0);
} catch (error) {
  const known = error instanceof CannotRun || (error instanceof TypeError && 'code' in error);
  console.error(known ? (error as Error).message : error);
  process.exit(1);
}
