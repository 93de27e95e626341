import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf } from '#test/support/counts';
import { BUGS } from './bugs.ts';
import { type Simulated, simulate } from './simulate.ts';

const OPERATIONS = 1_000;
const PARTS = 10;
/** So many seeds must be enough for each planted bug. */
const SEEDS_FOR_A_BUG = 1_000;

const worlds = countOf('worldsOfMoney');

const told = ({ seed, failure }: Simulated): string =>
  `seed ${seed}, operation ${failure?.operation} (${failure?.name}): ${failure?.error.stack}. Again: npm run sim -- --seeds 1 --from ${seed}`;

for (let part = 0; part < PARTS; part++)
  test(`no cap is passed and no row lost or doubled in made-up worlds of crashes, cuts, full disks, wrong clocks and two operators (${part + 1} of ${PARTS})`, async (t) => {
    const [from, to] = [part, part + 1].map((nth) => Math.floor((worlds * nth) / PARTS)) as [number, number];
    t.diagnostic(`seeds ${from} to ${to - 1}, ${OPERATIONS} operations each`);
    for (let seed = from; seed < to; seed++) {
      const result = await simulate(seed, OPERATIONS);
      assert.equal(result.failure, undefined, told(result));
    }
  });

for (const [name, bug] of Object.entries(BUGS))
  test(`the simulation finds ${name.replaceAll('-', ' ')}, and the same seed finds it again at the same operation`, async (t) => {
    for (let seed = 0; seed < SEEDS_FOR_A_BUG; seed++) {
      const { failure, trace } = await simulate(seed, OPERATIONS, bug);
      if (failure === undefined) continue;
      const again = await simulate(seed, OPERATIONS, bug);
      assert.deepEqual(
        [again.trace, again.failure?.operation, again.failure?.name],
        [trace, failure.operation, failure.name],
      );
      assert.match(failure.error.name, /AssertionError/, failure.error.stack);
      t.diagnostic(`seed ${seed}, operation ${failure.operation}: ${failure.error.message.split('\n')[0]}`);
      return;
    }
    assert.fail(`${SEEDS_FOR_A_BUG} seeds and no trace of it`);
  });
