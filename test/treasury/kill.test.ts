import assert from 'node:assert/strict';
import { type ChildProcess, type ForkOptions, fork, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { COMPILE_CACHE } from '#test/support/compile-cache';
import { FileGrantStore } from '#treasury/stores/file/file-store';
import { Treasury } from '#treasury/treasury';
import { budgetOf, NOON } from './budgets.ts';
import { FREE, type FromSpender, type ToSpender } from './spender-messages.ts';

const SPENDER = new URL('./spender.ts', import.meta.url);
const KILLS = 10;
const LIMIT = 10_000_000n;
const SEED = 20261121;

/** A small generator (Park and Miller), so that a failing run can be made again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

type Done = Extract<FromSpender['body'], { kind: 'done' }>;

/** The treasury over files and a provider with its own book, as seen by the spenders. */
class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'remora-kill-'));
  readonly store = FileGrantStore.open(join(this.folder, 'books'));
  readonly treasury = new Treasury({ store: this.store, now: () => NOON, newId: () => randomUUID() });
  readonly budget = budgetOf('dev', LIMIT);
  readonly billed = new Map<string, { atMost: number; tokens: number }>();
  readonly random = randomOf(SEED);
  readonly instances: string[] = [];
  readonly children = new Set<ChildProcess>();
  done: Done | undefined;

  /** Runs a spender, kills it after so many answers of the provider, or lets it end; resolves when it is gone. */
  async life(mode: 'spend' | 'end', killAfter = Number.POSITIVE_INFINITY): Promise<void> {
    const instance = `spender-${this.instances.length}`;
    this.instances.push(instance);
    // Only a guard: no spender needs so long.
    const options: ForkOptions = {
      stdio: 'inherit',
      execArgv: [],
      timeout: 60_000,
      env: { ...process.env, ...COMPILE_CACHE },
    };
    const child = fork(SPENDER, [join(this.folder, 'journal'), instance, String(LIMIT), mode], options);
    this.children.add(child);
    let left = killAfter;
    child.on('message', (message: FromSpender) => {
      if (message.body.kind === 'generate') left -= 1;
      void this.#answer(instance, message).then((answer) => child.connected && child.send(answer, () => undefined));
      if (left <= 0) child.kill('SIGKILL');
    });
    await new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.children.delete(child);
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await this.treasury.close();
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answer(instance: string, { id, body }: FromSpender): Promise<ToSpender> {
    if (body.kind === 'ask') {
      const answer = await this.treasury.ask(instance, this.budget, body.window, BigInt(body.needed));
      return { id, granted: answer.granted ? { id: answer.grant.id, amount: String(answer.grant.amount) } : null };
    }
    if (body.kind === 'giveBack') {
      await this.treasury.giveBack({ budgetId: this.budget.id, window: body.window }, body.grantId, BigInt(body.final));
    }
    if (body.kind === 'generate') return { id, tokens: this.#bill(body) };
    if (body.kind === 'done') this.done = body;
    return { id };
  }

  #bill({ requestId, atMost }: { requestId: string; atMost: number }): number {
    assert.ok(!this.billed.has(requestId), 'a request was sent twice');
    const tokens = 1 + this.random(atMost);
    this.billed.set(requestId, { atMost, tokens });
    return tokens;
  }
}

test(`${KILLS} kills at random points lose no record, double none, and the book never falls below the provider's`, async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const world = new World();
  after(() => world.close());
  for (let kill = 0; kill < KILLS; kill++) await world.life('spend', 1 + world.random(60));
  await world.life('end');
  assert.ok(world.done, 'the last spender did not end well');
  assert.equal(world.done.open, 0);

  const { records } = world.done;
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
  for (const instance of world.instances) await world.treasury.forfeit(instance);
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
