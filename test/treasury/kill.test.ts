import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileGrantStore } from '#treasury/stores/file/file-store';
import { FREE } from './spender-messages.ts';
import { SEED, SpenderWorld } from './spender-world.ts';

const KILLS = 10;
const LIMIT = 10_000_000n;

test(`${KILLS} kills at random points lose no record, double none, and the book never falls below the provider's`, async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const world = new SpenderWorld(LIMIT);
  after(() => world.close());
  const instances = Array.from({ length: KILLS + 1 }, (_, life) => `spender-${life}`);
  for (const instance of instances.slice(1))
    await world.life({ instance, mode: 'spend', journal: 'journal', killAfter: 1 + world.random(60) });
  await world.life({ instance: 'spender-0', mode: 'end', journal: 'journal' });
  const [done] = world.done;
  assert.ok(done, 'the last spender did not end well');
  assert.equal(done.open, 0);

  const { records } = done;
  const isPaid = ([requestId]: readonly [string, unknown]): boolean => !requestId.startsWith(FREE);
  const costs = new Map(records.map(({ requestId, cost }) => [requestId, Number(cost)]));
  assert.equal(costs.size, records.length, 'a record is doubled');
  assert.equal(new Set(records.map(({ instance, seq }) => `${instance} ${seq}`)).size, records.length);
  for (const [requestId, { tokens, atMost }] of world.billed) {
    const cost = costs.get(requestId) ?? assert.fail(`the record of ${requestId} is lost`);
    assert.ok(cost >= tokens && cost <= atMost, `${requestId} is booked at ${cost}, billed ${tokens} of ${atMost}`);
  }
  assert.ok(
    [...costs].some((one) => !isPaid(one)),
    'none was free of budgets',
  );
  const exact = records.filter(({ billing }) => billing === 'reported');
  for (const { requestId, cost } of exact) assert.equal(Number(cost), world.billed.get(requestId)?.tokens);

  // To the nano-dollar what the records say; in-flight attempts of a killed process at their reservation.
  const { spent } = await world.treasury.status(world.budget);
  const recorded = [...costs].filter(isPaid).reduce((sum, [, cost]) => sum + BigInt(cost), 0n);
  const provider = [...world.billed].filter(isPaid).reduce((sum, [, { tokens }]) => sum + BigInt(tokens), 0n);
  assert.equal(spent, recorded);
  assert.ok(spent >= provider);

  // A grant whose answer was on its way to a killed process is lost with it, and counts as spent.
  for (const instance of instances) await world.treasury.forfeit(instance);
  const end = await world.treasury.status(world.budget);
  t.diagnostic(
    `${world.billed.size} requests, ${exact.length} exact; the provider billed ${provider}, the book says ${spent}, ` +
      `${end.spent - spent} forfeited`,
  );
  assert.equal(end.held, 0n);
  assert.ok(end.spent <= LIMIT);
});

test('a second process on the same folder is told who holds it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-lock-'));
  const store = FileGrantStore.open(folder);
  try {
    const code = `
      import { FileGrantStore } from '#treasury/stores/file/file-store';
      try { FileGrantStore.open(${JSON.stringify(folder)}); } catch (error) { console.log(error.message); }`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.match(stdout, new RegExp(`^process ${process.pid} already keeps the budgets in `));
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
