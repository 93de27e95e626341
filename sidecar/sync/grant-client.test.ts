import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBudget } from '#test/support/build-policy';
import { TestClock } from '#test/treasury/clock';
import type { Outbound } from './connection.ts';
import { GrantClient } from './grant-client.ts';

const BUDGET = buildBudget('n/b/l', 100n);

function open() {
  const timers = new TestClock(0);
  const client = new GrantClient(timers);
  const sent: Outbound[] = [];
  const send = (message: Outbound): boolean => sent.push(message) > 0;
  const kinds = (): string[] => sent.splice(0).map(({ $case }) => $case);
  return { timers, client, send, sent, kinds };
}

const grantOf = (seq: number) => ({
  $case: 'grant' as const,
  value: { seq, grantId: `g${seq}`, budgetId: BUDGET.id, window: 'w', amount: '7', beyond: false },
});

const denied = (seq: number) => ({
  $case: 'grantDenied' as const,
  value: { seq, budgetId: BUDGET.id, window: 'w', limit: '1', spent: '1', granted: '0', reason: '' },
});

test('an ask that waits while the stream is lost is sent again on the next one', async () => {
  const { client, send, kinds } = open();
  client.connected(send);
  const asked = client.ask(BUDGET, 'w', 5n);
  client.disconnected();
  assert.deepEqual(kinds(), ['grantAsk']);
  client.connected(send);
  assert.deepEqual(kinds(), ['grantAsk']);
  client.receive(grantOf(1));
  assert.deepEqual(await asked, { granted: true, grant: { id: 'g1', budgetId: BUDGET.id, window: 'w', amount: 7n } });
});

test('a grant that comes after the deadline of its ask goes back unspent', async () => {
  const { client, send, sent, timers } = open();
  client.connected(send);
  const asked = client.ask(BUDGET, 'w', 5n);
  timers.advance(3_000);
  await assert.rejects(asked, /did not answer in time/);
  client.receive(grantOf(1));
  const returned = sent.at(-1);
  assert.equal(returned?.$case, 'grantReturn');
  assert.equal(returned?.$case === 'grantReturn' && returned.value.final, '0');
});

test('one that leaves asks for nothing more, and is not settled before what it asked for is answered and given back', async () => {
  const { client, send, sent, kinds } = open();
  client.connected(send);
  const [one, other] = [client.ask(BUDGET, 'w', 5n), client.ask(BUDGET, 'w', 5n)];
  client.leave();
  await assert.rejects(one, /is leaving/);
  await assert.rejects(other, /is leaving/);
  await assert.rejects(client.ask(BUDGET, 'w', 5n), /is leaving/);
  assert.deepEqual([kinds(), client.isSettled], [['grantAsk', 'grantAsk'], false]);
  client.receive(denied(2));
  client.receive(grantOf(1));
  const [returned] = sent;
  assert.equal(returned?.$case === 'grantReturn' && returned.value.final, '0');
  assert.equal(client.isSettled, false);
  client.receive({ $case: 'grantReturned', value: { grantId: 'g1' } });
  assert.equal(client.isSettled, true);
});

test('what one asked for that leaves is not asked for on the next stream', async () => {
  const { client, send, kinds } = open();
  client.connected(send);
  const asked = client.ask(BUDGET, 'w', 5n);
  client.disconnected();
  kinds();
  client.leave();
  await assert.rejects(asked, /is leaving/);
  client.connected(send);
  assert.deepEqual([kinds(), client.isSettled], [[], true]);
});

test('with the operator away for longer than an ask waits, asks are refused at once', async () => {
  const { client, send, timers } = open();
  timers.advance(3_000);
  await assert.rejects(client.ask(BUDGET, 'w', 5n), /cannot be reached/);
  client.connected(send);
  const asked = client.ask(BUDGET, 'w', 5n);
  client.receive(grantOf(1));
  assert.equal((await asked).granted, true);
});

test('whether the operator is there is known at once, and a grant beyond a soft limit says so', async () => {
  const { client, send } = open();
  assert.equal(client.isReachable(), false);
  client.connected(send);
  assert.equal(client.isReachable(), true);
  const asked = client.ask(BUDGET, 'w', 5n);
  const { $case, value } = grantOf(1);
  client.receive({ $case, value: { ...value, beyond: true } });
  const answer = await asked;
  assert.ok(answer.granted && answer.grant.isBeyond);
  client.disconnected();
  assert.equal(client.isReachable(), false);
});

test('a return is repeated until it is durable, and goes before every ask after a reconnect', async () => {
  const { client, send, kinds, timers } = open();
  const grant = { id: 'g', budgetId: BUDGET.id, window: 'w', amount: 7n };
  const returned = client.giveBack(grant, 3n);
  const again = client.giveBack(grant, 3n);
  const asked = client.ask(BUDGET, 'w', 5n);
  asked.catch(() => {});
  client.connected(send);
  assert.deepEqual(kinds(), ['grantReturn', 'grantAsk']);
  client.receive(denied(1));
  timers.advance(5_000);
  assert.deepEqual(kinds(), ['grantReturn']);
  assert.equal(client.isSettled, false);
  client.receive({ $case: 'grantReturned', value: { grantId: 'g' } });
  await Promise.all([returned, again]);
  assert.equal(client.isSettled, true);
  timers.advance(5_000);
  assert.deepEqual(kinds(), []);
});

test('an undecided ask is an error and never a refusal by the budget', async () => {
  const { client, send } = open();
  client.connected(send);
  const denial = { seq: 1, budgetId: BUDGET.id, window: 'w', limit: '', spent: '', granted: '' };
  const undecided = client.ask(BUDGET, 'w', 5n);
  client.receive({ $case: 'grantDenied', value: { ...denial, reason: 'The store is away.' } });
  await assert.rejects(undecided, /The store is away/);
  const denied = client.ask(BUDGET, 'w', 5n);
  client.receive({
    $case: 'grantDenied',
    value: { ...denial, seq: 2, limit: '100', spent: '60', granted: '38', reason: '' },
  });
  assert.deepEqual(await denied, { granted: false, limit: 100n, spent: 60n, held: 38n });
});

test('closing rejects what waits', async () => {
  const { client } = open();
  const asked = client.ask(BUDGET, 'w', 5n);
  const returned = client.giveBack({ id: 'g', budgetId: BUDGET.id, window: 'w', amount: 7n }, 3n);
  client.close();
  await assert.rejects(asked, /leaving/);
  await assert.rejects(returned, /leaving/);
});
