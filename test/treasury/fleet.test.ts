/** Many sidecars, each a process of its own with a journal on a disk, on one cap. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { SpenderWorld } from './spender-world.ts';

const SIDECARS = 50;
const LIMIT = 20_000n;

test(`${SIDECARS} processes on one cap: not one nano-dollar too much, and at most 1 percent is left when all are refused`, async (t) => {
  const world = new SpenderWorld(LIMIT);
  after(() => world.close());
  let quiet = 0;
  const { promise: allQuiet, resolve } = Promise.withResolvers<void>();
  const mayEnd = (): Promise<void> => {
    quiet += 1;
    if (quiet === SIDECARS) resolve();
    return allQuiet;
  };
  // Every other one falls silent after a few requests, with what it was granted in hand, and is not gone until all were refused.
  await Promise.all(
    Array.from({ length: SIDECARS }, (_, n) =>
      world.life({ instance: `pod-${n}`, mode: n % 2 === 0 ? 'idle' : 'cap', mayEnd }),
    ),
  );
  assert.equal(world.done.length, SIDECARS, 'each ended by itself');
  const booked = world.done.flatMap(({ records }) => records).reduce((sum, { cost }) => sum + BigInt(cost), 0n);
  const billed = [...world.billed.values()].reduce((sum, { tokens }) => sum + BigInt(tokens), 0n);
  const { spent, held } = await world.treasury.status(world.budget);
  t.diagnostic(`${world.billed.size} requests; booked ${booked} of ${LIMIT}, the provider billed ${billed}`);
  assert.deepEqual([spent, held], [booked, 0n]);
  assert.ok(billed <= booked && booked <= LIMIT, 'no more than the cap');
  assert.ok(booked * 100n >= LIMIT * 99n, `${LIMIT - booked} of ${LIMIT} were left`);
});
