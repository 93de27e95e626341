/** `npm run sim -- --seeds N`: worlds of money, each decided by its seed. The last line names seeds, operations and the invariant. */
import { parseArgs } from 'node:util';
import { BUGS, type Bug } from './bugs.ts';
import { INVARIANT } from './invariants.ts';
import { type Simulated, simulate } from './simulate.ts';

const HELP = `npm run sim -- [--seeds N] [--from S] [--operations N] [--bug NAME]

  --seeds N        how many worlds (1000)
  --from S         the first seed (0); with --seeds 1 it replays one world
  --operations N   of each world (1000)
  --bug NAME       plants a mistake, which must be found: ${Object.keys(BUGS).join(', ')}
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    operations: { type: 'string', default: '1000' },
    bug: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function count(name: 'seeds' | 'from' | 'operations'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} must be a whole number, not ${values[name]}.`);
}

function bugOf(name: string | undefined): Bug {
  if (name === undefined) return {};
  if (Object.hasOwn(BUGS, name)) return BUGS[name as keyof typeof BUGS];
  throw new RangeError(`--bug must be one of ${Object.keys(BUGS).join(', ')}.`);
}

const describe = ({ seed, failure }: Simulated): string =>
  `seed ${seed}: ${failure?.error.message} (operation ${failure?.operation}, ${failure?.name}); ` +
  `again: npm run sim -- --seeds 1 --from ${seed}${values.bug ? ` --bug ${values.bug}` : ''}`;

async function main(): Promise<number> {
  const [seeds, from, operations] = [count('seeds'), count('from'), count('operations')];
  const bug = bugOf(values.bug);
  const isWatched = process.stderr.isTTY;
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await simulate(seed, operations, bug);
    if (result.failure !== undefined) {
      console.log(describe(result));
      if (seeds === 1) console.log(result.failure.error.stack);
      console.log(`1 of ${seed - from + 1} seeds x ${operations} operations broke: ${INVARIANT}`);
      return 1;
    }
    if (isWatched && (seed - from + 1) % 100 === 0) process.stderr.write(`\r${seed - from + 1} of ${seeds} seeds`);
  }
  console.log(`${seeds} seeds x ${operations} operations, 0 violations: ${INVARIANT}`);
  return 0;
}

if (values.help) console.log(HELP);
else
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
