import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABEL } from '#contract/names/api';
import { partitionOf } from '#contract/policy/book-id';
import { pathOf, remoraType } from '#operator/kube/resource-type';
import { attemptOf, callerOf } from '#test/treasury/budgets';
import { windowAt } from '#treasury/window';
import { eventually } from './eventually.ts';
import { World } from './world.ts';

const MOCK_ROUTE = { targets: [{ model: 'mock/echo' }] };

test('the operator compiles what users apply, pushes it to the pod, and says so in status', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  const none = await world.condition('AIRoute', 'chat', 'Programmed', ({ reason }) => reason === 'NoWorkloads');
  assert.equal(none.status, 'True');

  const { sink } = world.sidecar(await world.pod('app-1'), operator);
  await eventually('the policy', () => sink.policy?.routes[0]?.key === `${world.namespace}/chat`);
  const ready = await world.condition('AIRoute', 'chat', 'Ready', ({ status }) => status === 'True');
  assert.equal(ready.observedGeneration, 1);
  await eventually('the count', async () => (await world.status('AIRoute', 'chat')).programmed === '1/1');
  await world.condition('AIProvider', 'mock', 'Ready', ({ status }) => status === 'True');
});

test('a pod that does not answer keeps N below M and is named; a refusal is shown with its reason', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  const [good, bad] = [await world.pod('good'), await world.pod('bad')];
  await world.pod('absent');
  world.sidecar(good, operator);
  const refusing = world.sidecar(bad, operator, (sink) => {
    sink.refuseWith = 'pattern 1 is not RE2';
  });
  const condition = await world.condition(
    'AIRoute',
    'chat',
    'Programmed',
    ({ message }) => message.startsWith('1/3 sidecars run generation 1') && message.includes('refused it'),
  );
  assert.equal(condition.reason, 'Rejected');
  assert.ok(condition.message.includes(`${world.namespace}/bad refused it: pattern 1 is not RE2`), condition.message);
  assert.ok(condition.message.includes(`waiting for ${world.namespace}/absent (not connected)`), condition.message);

  refusing.sink.refuseWith = undefined;
  await world.deletePod('absent');
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/other' }] });
  await world.condition('AIRoute', 'chat', 'Programmed', ({ message }) => message === '2/2 sidecars run generation 2');
});

test('a wrong object becomes a condition that names the field, and its last good content stays in force', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  const guardrail = { name: 'words', stage: 'Output', action: 'Block' };
  await world.apply('AIPolicy', 'words', { guardrails: [{ ...guardrail, patterns: ['project-x'] }] });
  const { sink } = world.sidecar(await world.pod('app-1'), operator);
  await eventually('the guardrail', () => sink.policy?.guardrails[0]?.patterns[0] === 'project-x');

  // A stream could never release anything, which no schema can say.
  await world.apply('AIPolicy', 'words', { guardrails: [{ ...guardrail, patterns: ['x.*'] }] });
  const refused = await world.condition('AIPolicy', 'words', 'Accepted', ({ status }) => status === 'False');
  assert.equal(refused.observedGeneration, 2);
  assert.match(refused.message, /spec\.guardrails\[0\]\.patterns\[0\]/);
  await eventually('the Event', async () => (await world.events('Invalid')).some(({ type }) => type === 'Warning'));
  await world.apply('AIRoute', 'other', MOCK_ROUTE);
  await eventually('the next policy', () => sink.policy?.routes.length === 2);
  assert.equal(sink.policy?.guardrails[0]?.patterns[0], 'project-x');
});

test('an AIPolicy that selects pods by their labels parts them, and follows an edit', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  const injected = { [LABEL.injected]: 'true' };
  const bot = world.sidecar(await world.pod('bot', { ...injected, app: 'bot' }), operator).sink;
  const web = world.sidecar(await world.pod('web', { ...injected, app: 'web' }), operator).sink;
  await eventually('both have the policy', () => [bot, web].every(({ policy }) => policy?.routes.length === 1));

  const workloads = { matchLabels: { app: 'bot' } };
  await world.apply('AIPolicy', 'bots', { appliesTo: { workloads }, models: { deny: ['*/gpt-4*'] } });
  await eventually('the bot is bound', () => bot.policy?.modelRules.length === 1);
  await world.apply('AIRoute', 'other', MOCK_ROUTE);
  await eventually('all have the next route', () => [bot, web].every(({ policy }) => policy?.routes.length === 2));
  assert.deepEqual([bot.policy?.modelRules.length, web.policy?.modelRules.length], [1, 0]);

  await world.apply('AIPolicy', 'bots', {
    appliesTo: { workloads: { matchLabels: { app: 'web' } } },
    models: { deny: ['*/o1'] },
  });
  await eventually(
    'the other one is bound',
    () => bot.policy?.modelRules.length === 0 && web.policy?.modelRules.length === 1,
  );
});

test('a label that an expression asks for reaches the sidecars of its pods, and no longer than it is asked for', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  const injected = { [LABEL.injected]: 'true', [LABEL.region]: 'eu' };
  const gold = world.sidecar(await world.pod('gold', { ...injected, plan: 'gold', other: '1' }), operator).sink;
  const free = world.sidecar(await world.pod('free', { ...injected, plan: 'free', other: '2' }), operator).sink;
  await eventually('both have the policy', () => [gold, free].every(({ policy }) => policy?.routes.length === 1));
  assert.deepEqual(
    [gold, free].map(({ policy }) => policy?.attribution.region),
    ['eu', 'eu'],
  );

  const when = "caller.labels['plan'] == 'gold'";
  await world.apply('AIRoute', 'chat', { rules: [{ when, targets: [{ model: 'mock/echo' }] }] });
  const plans = () => [gold, free].map(({ policy }) => policy?.attribution.labels);
  await eventually('each knows its own', () => plans().every((labels) => labels !== undefined));
  assert.deepEqual(plans(), [{ plan: 'gold' }, { plan: 'free' }]);

  await world.apply('AIRoute', 'chat', { rules: [{ targets: [{ model: 'mock/echo' }] }] });
  await eventually('neither knows any more', () => plans().every((labels) => labels === undefined));
});

test('a credential travels beside the policy, follows its Secret, and appears in no log and no status', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'openai', { type: 'OpenAI', auth: { secretRef: { name: 'openai' } } });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'openai/gpt-4o' }] });
  const { sink } = world.sidecar(await world.pod('app-1'), operator);
  await world.condition('AIProvider', 'openai', 'ResolvedRefs', ({ reason }) => reason === 'SecretNotFound');

  const name = `${world.namespace}/openai/api-key`;
  await world.secret('openai', { 'api-key': 'canary-one' });
  await eventually('the credential', () => sink.credentials.get(name) === 'canary-one');
  await world.condition('AIRoute', 'chat', 'Ready', ({ status }) => status === 'True');
  const { applied } = sink;
  const before = applied.length;
  await world.secret('openai', { 'api-key': 'canary-two' });
  await eventually('the new credential', () => sink.credentials.get(name) === 'canary-two');
  assert.equal(applied.length, before, 'the policy itself did not change and was not pushed again');
  const written = JSON.stringify([await world.status('AIProvider', 'openai'), await world.status('AIRoute', 'chat')]);
  assert.ok(!`${operator.lines.join('')}${written}`.includes('canary'));
});

test('the key that an AIRoute signs callbacks with follows its Secret, and the AIRoute says when it is missing', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  const callback = { allow: ['https://hooks.example.com'], signingSecretRef: { name: 'hooks' } };
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/echo' }], callback });
  const { sink } = world.sidecar(await world.pod('app-1'), operator);
  await world.condition('AIRoute', 'chat', 'ResolvedRefs', ({ reason }) => reason === 'SecretNotFound');
  await world.secret('hooks', { 'signing-key': 'canary-key' });
  await eventually('the key', () => sink.credentials.get(`${world.namespace}/hooks/signing-key`) === 'canary-key');
  await world.condition('AIRoute', 'chat', 'ResolvedRefs', ({ status }) => status === 'True');
  const written = JSON.stringify(await world.status('AIRoute', 'chat'));
  assert.ok(!`${operator.lines.join('')}${written}`.includes('canary'));
});

test('a stream needs the token of a living injected pod', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  const plain = world.sidecar(await world.pod('plain', { app: 'x' }), operator);
  const forged = world.sidecar({ name: 'none', uid: 'none', token: 'not-a-token' }, operator);
  const refused = (reason: string) => operator.lines.some((line) => line.includes(reason));
  await eventually('the refusal of a pod without sidecar', () => refused('plain is not an injected pod'));
  await eventually('the refusal of a token', () => refused('the token is not valid'));
  assert.deepEqual([plain.sink.applied, forged.sink.applied], [[], []]);
  assert.ok(!operator.lines.join('').includes('not-a-token'));
});

test('of two operators one writes status, and the other takes over; acknowledgements of both count', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const [first, second] = [await world.operator(), await world.operator()];
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  await eventually('a leader', () => first.leads() || second.leads());
  assert.notEqual(first.leads(), second.leads());
  world.sidecar(await world.pod('a'), first);
  world.sidecar(await world.pod('b'), second);
  await world.condition('AIRoute', 'chat', 'Programmed', ({ message }) => message === '2/2 sidecars run generation 1');

  const [leader, other] = first.leads() ? [first, second] : [second, first];
  assert.ok(leader.lines.some((line) => line.includes('wrote a status')));
  assert.ok(!other.lines.some((line) => line.includes('wrote a status')));
  await leader.close();
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/other' }] });
  const next = await world.condition('AIRoute', 'chat', 'Accepted', (c) => c.observedGeneration === 2);
  assert.equal(next.status, 'True');
  assert.ok(other.leads());
});

test('an AIBudget shows what was spent and granted from its ledger', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  await world.apply('AIBudget', 'caps', { limits: [{ name: 'all', usd: 50, every: 'Month' }] });
  const { sink, client } = world.sidecar(await world.pod('app-1'), operator);
  const budget = await eventually('the budget', () => sink.policy?.budgets[0]);
  await eventually('the empty figures', async () => (await world.status('AIBudget', 'caps')).spent === '0.00 USD');
  const window = windowAt(budget.every, Date.now()).id;
  const answer = await client.authority.ask(budget, window, 12_500_000_000n);
  assert.ok(answer.granted);
  await client.authority.giveBack(answer.grant, 12_500_000_000n);
  await eventually('the spent figures', async () => {
    const { spent, percent, remaining } = await world.status('AIBudget', 'caps');
    return spent === '12.50 USD' && percent === '25%' && remaining === '37.50 USD';
  });
});

test('of a limit per user an AIBudget shows who spent most, and its ledgers know no name', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', MOCK_ROUTE);
  const limit = { name: 'each', per: ['user'], tokens: 1_000, every: 'Month' };
  await world.apply('AIBudget', 'caps', { limits: [limit] });
  const { sink, client } = world.sidecar(await world.pod('app-1'), operator);
  const budget = await eventually('the budget', () => sink.policy?.budgets[0]);
  const window = windowAt(budget.every, Date.now()).id;
  for (const [user, spent] of [
    ['ann', 100n],
    ['bob', 700n],
  ] as const) {
    const answer = await client.authority.ask(
      partitionOf(budget, attemptOf([], 1, { caller: callerOf(user) })),
      window,
      1_000n,
    );
    assert.ok(answer.granted, user);
    await client.authority.giveBack(answer.grant, spent);
  }
  await assert.rejects(client.authority.ask(budget, window, 1n), /none of this workload/);
  await eventually('the figures of bob', async () => {
    const { spent, percent, remaining } = await world.status('AIBudget', 'caps');
    return spent === '700 tokens' && percent === '70%' && remaining === '300 tokens';
  });
  const { body } = await world.server.request({
    path: pathOf(remoraType('AIBudgetLedger'), { namespace: world.namespace }),
  });
  const { items } = body as { items: { spec: { book: string } }[] };
  assert.equal(items.length, 2);
  assert.doesNotMatch(JSON.stringify(items), /\b(ann|bob)\b/);
});

test('the health port tells readiness and serves metrics', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  const ask = (path: string) => fetch(`http://127.0.0.1:${operator.ports.health}${path}`);
  assert.equal((await ask('/livez')).status, 200);
  assert.equal((await ask('/readyz')).status, 200);
  const metrics = await (await ask('/metrics')).text();
  assert.match(metrics, /remora_operator_watch_lag_seconds\{kind="AIRoute"\}/);
  assert.equal((await ask('/nothing')).status, 404);
});
