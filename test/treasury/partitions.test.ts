/** Limits that hold for each user: the books of the treasury, and the gate of a sidecar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { newBook } from '#treasury/book';
import { encodeBook } from '#treasury/book-codec';
import { bookName } from '#treasury/book-name';
import { GrantRefused } from '#treasury/grant-authority';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { LedgerIndex } from '#treasury/stores/cluster/ledger-index';
import { Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { bench, refusalOf } from './bench.ts';
import { attemptOf, billed, budgetOf, callerOf, NOON } from './budgets.ts';
import { type Faults, LedgerServer } from './ledger-server.ts';

let ids = 0;

interface Around {
  readonly ledgers?: LedgerIndex;
  readonly faults?: Faults;
  readonly now?: () => number;
}

function treasuryOn(server: LedgerServer, { ledgers = new LedgerIndex(), faults = {}, now = () => NOON }: Around = {}) {
  const store = new ClusterGrantStore({ objects: server.client(faults), ownerOf: () => undefined, ledgers });
  const newId = (): string => {
    ids += 1;
    return `grant-${ids}`;
  };
  return { store, treasury: new Treasury({ store, now, newId, after: () => () => undefined }) };
}

const EACH = budgetOf('each', 100n, { per: ['user'], unit: 'tokens', every: 'Minute' });
const MINUTE = windowAt('Minute', NOON);
const ofUser = (name?: string, limit = EACH): PolicyBudget =>
  partitionOf(limit, attemptOf([], 1, { caller: callerOf(name) }));

test('each user of a limit per user has the whole amount; its status shows the one who spent most', async () => {
  const { treasury } = treasuryOn(new LedgerServer());
  const [ann, bob] = [ofUser('ann'), ofUser('bob')];
  const granted = await treasury.ask('pod', ann, MINUTE.id, 100n);
  assert.ok(granted.granted);
  assert.equal((await treasury.ask('pod', ann, MINUTE.id, 1n)).granted, false);
  assert.equal((await treasury.ask('pod', bob, MINUTE.id, 100n)).granted, true);
  await treasury.giveBack({ budgetId: ann.id, window: MINUTE.id }, granted.grant.id, 70n);
  const { limit, spent, held, remaining, percent } = await treasury.status(EACH);
  assert.deepEqual([limit, spent, held, remaining, percent], [100n, 70n, 0n, 30n, 70]);
  const unused = { ...EACH, id: 'remora-system/environments/other' };
  assert.deepEqual(await treasury.status(unused).then((status) => [status.spent, status.held, status.remaining]), [
    0n,
    0n,
    100n,
  ]);
});

test('the figures of a limit per user come from the watch, so that those of other replicas are in them', async () => {
  const server = new LedgerServer();
  const ledgers = new LedgerIndex();
  const { treasury } = treasuryOn(server, { ledgers });
  await treasuryOn(server).treasury.ask('pod', ofUser('ann'), MINUTE.id, 60n);
  assert.equal((await treasury.status(EACH)).held, 0n);
  for (const object of server.objects) ledgers.apply(object);
  assert.equal((await treasury.status(EACH)).held, 60n);
  for (const { metadata } of server.objects) ledgers.remove(metadata);
  assert.deepEqual([(await treasury.status(EACH)).held, ledgers.count(EACH.id)], [0n, 0]);
});

test('an AIBudget with 10,000 books gets none of a further user, and says so; who has one, and limits for all, go on', async () => {
  const server = new LedgerServer();
  const ledgers = new LedgerIndex();
  const { treasury } = treasuryOn(server, { ledgers });
  const window = MINUTE.id;
  await treasury.ask('pod', ofUser('ann'), window, 1n);
  for (let n = 1; n < 10_000; n++) {
    const key = { budgetId: ofUser(`user-${n}`).id, window };
    const metadata = { name: bookName(key), namespace: 'remora-system' };
    ledgers.apply({ apiVersion: '', kind: '', metadata, spec: { book: encodeBook(newBook(key, 100n)) } });
  }
  await assert.rejects(treasury.ask('pod', ofUser('bob'), window, 1n), (error: unknown) => {
    assert.ok(error instanceof GrantRefused);
    assert.match(error.message, /AIBudget remora-system\/environments keeps 10000 books.*Have its windows lengthened/);
    return true;
  });
  assert.equal((await treasury.ask('pod', ofUser('ann'), window, 1n)).granted, true);
  assert.equal((await treasury.ask('pod', budgetOf('dev', 100n), windowAt('Day', NOON).id, 1n)).granted, true);
  const other = { ...EACH, id: 'remora-system/others/each' };
  assert.equal((await treasury.ask('pod', ofUser('bob', other), window, 1n)).granted, true);
  assert.equal(server.objects.length, 3);
});

test('a treasury of many users tidies ever more seldom while none is idle', async () => {
  let looks = 0;
  const now = (): number => {
    looks += 1;
    return NOON;
  };
  const { treasury } = treasuryOn(new LedgerServer(), { now });
  const users = 3_000;
  for (let n = 0; n < users; n++) await treasury.ask('pod', ofUser(`user-${n}`), MINUTE.id, 1n);
  // At 256, 512, 1,024 and 2,048 books; each ask looks once at the clock itself.
  assert.equal(looks - users, 4);
  await treasury.close();
});

test("a pod that is gone is looked for in the books that know it, not in every user's", async () => {
  const server = new LedgerServer();
  let gets = 0;
  const { treasury } = treasuryOn(server, {
    faults: {
      before: async (operation) => {
        if (operation === 'get') gets += 1;
      },
    },
  });
  for (let n = 0; n < 50; n++) await treasury.ask(n === 7 ? 'gone' : 'pod', ofUser(`user-${n}`), MINUTE.id, 10n);
  gets = 0;
  await treasury.forfeit('gone');
  assert.equal(gets, 1);
  assert.ok((await treasury.status(EACH)).spent > 0n);
});

const asUser = (user: string | undefined, tokens: number, budgets: readonly PolicyBudget[] = [EACH]) =>
  attemptOf(budgets, tokens, { caller: callerOf(user) });

test('of two users one is refused at the cap and the other is not, and the refusal names neither', async () => {
  const { gateOf, treasury, clock } = bench();
  const gate = gateOf('pod');
  (await gate.reserve(asUser('ann@example.org', 90))).settle(billed(90));
  const error = await refusalOf(gate.reserve(asUser('ann@example.org', 20)));
  assert.equal(error.code, 'rate_limit_exceeded');
  assert.match(
    error.message,
    /^Budget exceeded for this user, for limit each\. The request may use up to 20 tokens, while 10 tokens of 100 tokens remain/,
  );
  assert.ok(!`${error.message} ${JSON.stringify(error.details)}`.includes('ann'));
  (await gate.reserve(asUser('bob@example.org', 90))).settle(billed(90));
  // A minute later the first may ask again.
  clock.advance(60_000);
  (await gate.reserve(asUser('ann@example.org', 90))).settle(billed(90));
  await gate.close();
  assert.equal((await treasury.status(EACH)).spent, 90n);
});

test('requests that name no user share one amount, and learn why', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const scope: PolicyBudget['scope'] = [{ scope: 'team', value: 'team-a' }];
  const budgets = [{ ...EACH, scope }];
  (await gate.reserve(asUser(undefined, 60, budgets))).settle(billed(60));
  const error = await refusalOf(gate.reserve(asUser(undefined, 60, budgets)));
  assert.match(error.message, /^Budget exceeded for requests that name no user, for team-a\. /);
  await gate.reserve(asUser('ann', 60, budgets));
  await gate.close();
});

test('a user is held to a limit for all as well as to the own one', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const all = budgetOf('all', 150n, { unit: 'tokens' });
  for (const user of ['ann', 'bob']) (await gate.reserve(asUser(user, 70, [EACH, all]))).settle(billed(70));
  const error = await refusalOf(gate.reserve(asUser('eve', 70, [EACH, all])));
  assert.match(error.message, /^Budget exceeded for limit all\. /);
  await gate.close();
});

test('the journal and the books know no name of a user', async () => {
  const { gateOf, disk } = bench();
  const gate = gateOf('pod');
  (await gate.reserve(asUser('ann@example.org', 10))).settle(billed(10));
  await gate.close();
  assert.match(disk.text, /environments\/each\/[0-9a-f]{32}"/);
  assert.ok(!disk.text.includes('ann'));
});

test('a pod that invents users is refused beyond 2,000 in a window, while those it has go on', async () => {
  const { gateOf, clock } = bench();
  const gate = gateOf('pod');
  for (let n = 0; n < 2_000; n++) (await gate.reserve(asUser(`user-${n}`, 1))).settle(billed(1));
  const error = await refusalOf(gate.reserve(asUser('one-more', 1)));
  assert.equal(error.code, 'rate_limit_exceeded');
  assert.match(
    error.message,
    /counted 2000 different values of user against the limit each .*no further one is let through/,
  );
  assert.equal(error.details.retryAfterMs, 60_000);
  (await gate.reserve(asUser('user-7', 1))).settle(billed(1));
  clock.advance(60_000);
  (await gate.reserve(asUser('one-more', 1))).settle(billed(1));
  await gate.close();
});

test('an authority that takes no further book says why, and the request is not let through', async () => {
  const reason = 'The AIBudget remora-system/environments keeps 10000 books.';
  const { gateOf } = bench((authority) => ({ ...authority, ask: () => Promise.reject(new GrantRefused(reason)) }));
  const gate = gateOf('pod');
  const error = await refusalOf(gate.reserve(asUser('ann', 1)));
  assert.deepEqual([error.code, error.status], ['budget_unavailable', 503]);
  assert.ok(error.message.includes(reason), error.message);
  await gate.close();
});

test('limits of an AIBudget, a route and a provider over one request are reserved together or not at all', async () => {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  const all = budgetOf('all', 1_000n, { unit: 'tokens' });
  const route = { ...budgetOf('route', 150n, { unit: 'tokens', per: ['session', 'model'] }), kind: 'AIRoute' as const };
  const provider = { ...budgetOf('provider', 100n), kind: 'AIProvider' as const };
  const kinds = [all, { ...route, id: 'shop/airoute:chat/each' }, { ...provider, id: 'shop/aiprovider:mock/day' }];
  const ask = (session: string) => attemptOf(kinds, 80, { caller: { ...callerOf(), session } });
  (await gate.reserve(ask('one'))).settle(billed(80));
  const error = await refusalOf(gate.reserve(ask('two')));
  assert.match(error.details.object ?? '', /^AIProvider remora-system\/environments limit provider$/);
  // Neither of the others has lost anything by it: what was granted for it is not reserved.
  assert.deepEqual(
    gate.usage().map(({ reserved }) => reserved),
    gate.usage().map(() => 0n),
  );
  await gate.close();
  const spent = await Promise.all(kinds.map(async (limit) => (await treasury.status(limit)).spent));
  assert.deepEqual(spent, [80n, 80n, 80n]);
});

test('refusals name no user, session or run, whether a limit matches one or is kept apart by them', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const names = { user: 'ann@example.org', session: 'session-of-ann', run: 'run-of-ann' };
  const scope = Object.entries(names).map(([one, value]) => ({ scope: one as keyof typeof names, value }));
  const caller = { ...callerOf(names.user), ...names };
  for (const limit of [
    budgetOf('matched', 10n, { unit: 'tokens', scope, where: names }),
    budgetOf('parted', 10n, { unit: 'tokens', per: ['user', 'session', 'run'] }),
  ]) {
    const error = await refusalOf(gate.reserve(attemptOf([limit], 20, { caller })));
    const told = `${error.message} ${JSON.stringify(error.details)}`;
    assert.ok(!told.includes('ann'), told);
    assert.match(told, /one user of one session of one run|this user and this session and this run/);
  }
  await gate.close();
});
