import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TestClock } from '#test/treasury/clock';
import { Link } from './link.ts';

/** A link whose operator is away, at the longest waits that there are; each `advance` is followed by what came of it. */
function open() {
  const clock = new TestClock(0);
  const dialledAtMs: number[] = [];
  const link = new Link({
    dial: async () => {
      dialledAtMs.push(clock.now());
      throw new Error('Nobody is there.');
    },
    peer: () => ({ address: 'operator:1', caPem: '', tokenFile: '' }),
    hello: () => ({
      ...{ protocolVersion: 1, build: 'test', instance: 'pod-1.1' },
      ...{ heldSections: {}, openGrants: [], closed: [] },
    }),
    onWelcome: () => {},
    onMessage: () => {},
    onLost: () => {},
    log: { info: () => {}, warn: () => {} },
    timers: clock,
    now: clock.now,
    random: () => 1,
  });
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turn();
  };
  /** When it dialled since the last call, from now on. */
  const dials = (): number[] => dialledAtMs.splice(0).map((atMs) => atMs - clock.now());
  return { link, advance, dials };
}

test('one that waits for its next connection dials at once when it is in a hurry, and then after half a second at most', async () => {
  const { link, advance, dials } = open();
  link.start();
  await turn();
  for (let failures = 0; failures < 8; failures++) await advance(30_000);
  dials();
  link.hurry();
  await turn();
  assert.deepEqual(dials(), [0]);
  await advance(500);
  await advance(500);
  assert.deepEqual(dials(), [-500, 0]);
});

test('one that dials already when it is in a hurry does not dial twice', async () => {
  const { link, advance, dials } = open();
  link.start();
  link.hurry();
  await turn();
  assert.deepEqual(dials(), [0]);
  await advance(500);
  assert.deepEqual(dials(), [0]);
});

test('one that is closed dials no more, whatever its hurry', async () => {
  const { link, advance, dials } = open();
  link.start();
  await turn();
  dials();
  link.close();
  link.hurry();
  await advance(60_000);
  assert.deepEqual(dials(), []);
});
