/**
 * `npm run bench`: the bundled sidecar beside a bare Node proxy, in figures. Options: --rounds, --seconds, --starts, --write, and --quick for a
 * short look. `npm run bench -- chunks large`: these alone, of starts, requests, chunks and large (bodies).
 * `npm run bench -- push`: how long a change takes to every sidecar. `npm run bench -- classify`: what it costs to classify a request.
 * `npm run bench -- reserve`: what the reservation of an attempt costs.
 * `npm run bench -- faults [--requests 10000] [--write]`: what clients see of a provider that fails.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchClassify } from './classify.ts';
import { benchFaults } from './faults.ts';
import { startUpstream } from './load.ts';
import { measureRounds, measureStarts } from './measure.ts';
import { Processes } from './processes.ts';
import { buildTool, bundleProxies, CannotRun } from './programs.ts';
import { benchPush } from './push.ts';
import { page, report } from './report.ts';
import { benchReserve } from './reserve.ts';
import { GROUPS, type Group, Samples } from './samples.ts';

const PAGE = fileURLToPath(new URL('../../docs/reference/measured/bench.md', import.meta.url));
const DEFAULTS = { rounds: '5', seconds: '2', starts: '5' } as const;
const QUICK = { rounds: '2', seconds: '1', starts: '1' } as const;
const QUICK_WARM_SHARE = 0.4;

interface Options {
  readonly groups: ReadonlySet<Group>;
  readonly warmShare: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly starts: number;
  readonly write: boolean;
}

function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      starts: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const presets = values.quick ? QUICK : DEFAULTS;
  const number = (name: keyof typeof DEFAULTS, least: number): number => {
    const stated = values[name] ?? presets[name];
    if (Number(stated) >= least && Number(stated) <= 60) return Number(stated);
    throw new CannotRun(`--${name} is "${stated}": use a number from ${least} to 60.`);
  };
  const groups = positionals.length === 0 ? GROUPS : positionals.map(groupOf);
  // The page shows all or nothing: a run of some measures would wipe out the others.
  if (values.write && groups.length < GROUPS.length) throw new CannotRun('--write needs a run of all measures.');
  return {
    groups: new Set(groups),
    warmShare: values.quick ? QUICK_WARM_SHARE : 1,
    rounds: Math.floor(number('rounds', 1)),
    seconds: number('seconds', 0.5),
    starts: Math.floor(number('starts', 1)),
    write: values.write,
  };
}

function groupOf(name: string): Group {
  const group = GROUPS.find((one) => one === name);
  if (group === undefined)
    throw new CannotRun(
      `"${name}" is not measured: use ${GROUPS.join(', ')}, or push, classify, reserve or faults by itself.`,
    );
  return group;
}

async function run({ groups, rounds, seconds, starts, warmShare, write }: Options): Promise<void> {
  if (process.platform !== 'linux')
    throw new CannotRun('The benchmark reads processor time from /proc: run it on Linux.');
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const loadBefore = loadavg()[0] ?? 0;
  const processes = new Processes();
  progress('building');
  const tool = buildTool(processes.folder);
  const recipes = await bundleProxies(processes.folder);
  const upstreamPort = await startUpstream(processes, tool);
  const bench = { processes, tool, recipes, upstreamPort, samples: new Samples(), progress };
  if (groups.has('starts')) await measureStarts(bench, starts);
  await measureRounds(bench, { groups, rounds, seconds, warmShare });
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

function runFaults(args: readonly string[]): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: { requests: { type: 'string', default: '10000' }, write: { type: 'boolean', default: false } },
  });
  const requests = Number(values.requests);
  if (!(requests >= 300 && requests <= 100_000)) throw new CannotRun('--requests takes a number from 300 to 100000.');
  return benchFaults(requests, values.write, (line) => void process.stderr.write(`${line}\n`));
}

try {
  const [what, ...rest] = process.argv.slice(2);
  if (what === 'push' && rest.length === 0) console.log(await benchPush());
  else if (what === 'faults') console.log(await runFaults(rest));
  else if (what === 'reserve' && rest.length === 0) console.log(await benchReserve());
  else if (what === 'classify' && rest.length === 0) console.log(benchClassify());
  else await run(readOptions(process.argv.slice(2)));
  // What still runs ends with this process.
  process.exit(0);
} catch (error) {
  const known = error instanceof CannotRun || (error instanceof TypeError && 'code' in error);
  console.error(known ? (error as Error).message : error);
  process.exit(1);
}
