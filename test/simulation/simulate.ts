/** One seed: a world, a thousand operations that its numbers choose, and an end in which all is well again. */
import { crc32 } from 'node:zlib';
import { windowOf } from '#treasury/window';
import type { Bug } from './bugs.ts';
import { World } from './world.ts';

/** By weight; of those that go wrong a well world has none. */
const WELL: readonly (readonly [weight: number, name: Operation])[] = [
  [100, 'request'],
  [400, 'deliver'],
  [300, 'hop'],
  [130, 'bill'],
  [150, 'settle'],
  [60, 'flow'],
];
const ILL: typeof WELL = [
  [6, 'cut'],
  [3, 'freeze'],
  [4, 'loseHop'],
  [3, 'killSidecar'],
  [2, 'killOperator'],
  [3, 'fillDisk'],
  [2, 'tearDisk'],
  [2, 'jumpClock'],
  [2, 'forfeit'],
  [3, 'limit'],
  [2, 'heal'],
];

type Operation = {
  [Name in keyof World]: World[Name] extends () => void ? Name : never;
}[keyof World];

export interface Simulated {
  readonly seed: number;
  readonly operations: number;
  /** Of all that happened: the same seed has the same one. */
  readonly trace: number;
  /** What did not hold, and after which operation. */
  readonly failure?: { readonly operation: number; readonly name: string; readonly error: Error };
}

/** One world in five has no faults. */
const isWell = (seed: number): boolean => seed % 5 === 0;
const IDLE_SECONDS = 180;
const LONG_WAIT_ONCE_IN = 400;

export async function simulate(seed: number, operations: number, bug: Bug = {}): Promise<Simulated> {
  const world = new World(seed, bug);
  const table = isWell(seed) ? WELL : [...WELL, ...ILL];
  const total = table.reduce((sum, [weight]) => sum + weight, 0);
  let trace = 0;
  let operation = 0;
  let name: string = 'begin';
  try {
    for (; operation < operations; operation++) {
      name = chosen(table, world.random.below(total));
      trace = crc32(`${name} ${world.server.writes} ${world.jobs.length}`, trace);
      world[name as Operation]();
      if (!world.random.once(LONG_WAIT_ONCE_IN)) await passTime(world, world.random.below(10));
      else {
        // Where all is well nobody is kept waiting for so long that he gives up.
        if (isWell(seed)) await settleDown(world);
        await passTime(world, world.random.below(90_000));
      }
      world.check();
    }
    name = 'end';
    await end(world);
    return { seed, operations, trace: crc32(String(world.server.writes), trace) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { seed, operations, trace, failure: { operation, name, error } };
  }
}

function chosen(table: typeof WELL, at: number): Operation {
  let left = at;
  for (const [weight, name] of table) {
    left -= weight;
    if (left < 0) return name;
  }
  throw new RangeError('no such operation');
}

export const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Each timer's work is done before the next one rings. */
async function passTime({ clock }: World, ms: number): Promise<void> {
  const untilMs = clock.now() + ms;
  await soon();
  for (let nextMs = clock.nextMs(); nextMs !== undefined && nextMs <= untilMs; nextMs = clock.nextMs()) {
    clock.advance(nextMs - clock.now());
    await soon();
  }
  clock.advance(untilMs - clock.now());
}

async function end(world: World): Promise<void> {
  world.heal();
  // Each sidecar greets anew, and says what it holds.
  for (const wire of world.wires) wire.cut();
  for (let second = 0; second < IDLE_SECONDS; second++) {
    await settleDown(world);
    // Also those that were let through only now.
    for (const job of world.jobs) world.bill(job);
    for (const pod of world.pods) while (pod.running.length > 0) world.settle(pod);
    await passTime(world, 1_000);
    world.check();
  }
  await settleDown(world);
  const isOver = (window: string): boolean => (windowOf(window)?.endMs ?? 0) <= world.clock.now();
  world.invariants.checkEnd({ isExact: !world.isForfeited, isOver });
}

/** Whatever is under way arrives. */
async function settleDown(world: World): Promise<void> {
  for (let round = 0; round < 10_000; round++) {
    await soon();
    if (world.hops.underway > 0) world.hop();
    else if (world.wires.some(({ underway }) => underway > 0)) world.deliver();
    else return;
  }
  throw new Error('the messages never end');
}
