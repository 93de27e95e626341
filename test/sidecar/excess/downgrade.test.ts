/** Requests that a limit lowers to another model, through the whole pipeline. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget, PolicyGuardrail } from '#contract/policy/policy';
import type { PolicyWords } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import { World } from './world.ts';

/** Room for two requests, which use 40 of the about 120 tokens that they may. */
const lowering = (parts: Partial<PolicyBudget> = {}): PolicyBudget =>
  buildBudget('default/caps/total', 170n, { onExceeded: 'Downgrade', downgradeTo: 'cheap', ...parts });

const SMALL = { provider: 'small', model: 'tiny', timeouts: { firstTokenMs: 60_000 } };

const POLICY = {
  providers: {
    best: { type: 'OpenAI', endpoint: 'http://best', tags: ['eu'] },
    small: { type: 'OpenAI', endpoint: 'http://small' },
  },
  routes: [
    { models: ['chat'], targets: [{ provider: 'best', model: 'large', maxRetries: 0 }], totalMs: 30_000 },
    { models: ['cheap'], targets: [{ ...SMALL, maxRetries: 0 }] },
  ],
} satisfies PolicyWords;

async function spent(world: World): Promise<void> {
  for (let count = 0; count < 2; count++) assert.equal((await world.ask().done).status, 200);
}

test('a request that the limit has no room for is answered by the other model, and says so', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [lowering()] });
  await spent(world);
  const { status, headers, text } = await world.ask().done;
  assert.equal(status, 200, text);
  assert.equal(headers['x-remora-downgraded'], 'default/caps/total');
  assert.equal(headers['x-remora-route'], 'default/route-1');
  assert.equal(headers['x-remora-target'], 'small/tiny');
  assert.equal(headers['x-ratelimit-remaining-tokens'], undefined, 'it bounds the other model in nothing');
  assert.deepEqual(
    world.sent.map(({ model }) => model),
    ['large', 'large', 'tiny'],
  );
  const record = world.records.at(-1);
  assert.deepEqual(record?.downgraded, { by: 'default/caps/total', model: 'cheap' });
  assert.equal(record?.requestedModel, 'chat');
  assert.equal(record?.route, 'default/route-1');
  const metric = 'remora_limit_downgrades_total{limit="default/caps/total",model="cheap"} 1';
  assert.ok((await world.metrics.text()).includes(metric));
  assert.equal(world.records[0]?.downgraded, undefined);
});

test('the limit counts what it has room for of what it lowered, and is never above its amount', async (t) => {
  const limit = lowering();
  const world = new World(t, { ...POLICY, budgets: [limit] });
  await spent(world);
  for (let count = 0; count < 5; count++) assert.equal((await world.ask().done).status, 200);
  await world.settle();
  const look = await world.bench.treasury.authorityFor('pod').look?.(limit, 'day-2026-11-21');
  assert.ok(look && look.spent + look.held <= 170n && look.spent + look.held > 80n, `${look?.spent} + ${look?.held}`);
  assert.deepEqual(world.bench.overruns, []);
});

test('an AIPolicy that the other model cannot obey is not broken: the limit refuses, and says why', async (t) => {
  const requirements = [{ policy: 'remora-system/eu', require: [{ tags: ['eu'] }] }];
  const world = new World(t, { ...POLICY, budgets: [lowering()], requirements });
  await spent(world);
  const { status, headers, text } = await world.ask().done;
  assert.equal(status, 429);
  assert.match(
    text,
    /Budget exceeded .* The model cheap cannot answer in its place: AIPolicy remora-system\/eu requires/,
  );
  assert.equal(headers['x-remora-downgraded'], undefined);
  assert.equal(world.sent.length, 2);
});

test('a guardrail and a model rule hold for the other model as for any', async (t) => {
  const block: PolicyGuardrail = {
    ...{ policy: 'remora-system/words', name: 'secret', stage: 'Input', detect: [], patterns: ['secret'] },
    ...{ action: 'Block', unlessTags: ['eu'] },
  };
  const guarded = new World(t, {
    ...POLICY,
    budgets: [lowering()],
    guardrails: [block],
  });
  await spent(guarded);
  const blocked = await guarded.ask({ text: 'a secret' }).done;
  assert.equal(blocked.status, 429);
  assert.match(blocked.text, /blocked by AIPolicy remora-system\/words/);
  const ruled = new World(t, {
    ...POLICY,
    budgets: [lowering()],
    modelRules: [{ policy: 'remora-system/models', allow: [], deny: ['small/*'] }],
  });
  await spent(ruled);
  assert.match((await ruled.ask().done).text, /AIPolicy remora-system\/models allows no target/);
});

test('a model that nobody serves is a refusal by the limit', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [lowering({ downgradeTo: 'nobodys' })] });
  await spent(world);
  const { status, text } = await world.ask().done;
  assert.equal(status, 429);
  assert.match(text, /No AIRoute of this workload serves the model `nobodys`/);
});

test('a request is lowered once: what the other model meets next refuses', async (t) => {
  const other = buildBudget('default/caps/other', 80n, { onExceeded: 'Downgrade', downgradeTo: 'chat' });
  const world = new World(t, { ...POLICY, budgets: [lowering({ amount: '10' }), other] });
  const { status, text } = await world.ask().done;
  assert.equal(status, 429);
  assert.match(text, /limit other/);
  assert.equal(world.sent.length, 0);
});

test('a limit that lowers to the model that was asked for refuses nothing and does not loop', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [lowering({ downgradeTo: 'chat', amount: '10' })] });
  assert.equal((await world.ask().done).status, 200);
  assert.equal(world.sent.length, 1);
});

test('a limit of each user lowers whose amount is used up, and nobody else', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [lowering({ per: ['user'], amount: '190' })] });
  const models: unknown[] = [];
  for (const user of ['ann', 'ann', 'ann', 'bob']) {
    await world.ask({ user }).done;
    models.push(world.sent.at(-1)?.model);
  }
  assert.deepEqual(models, ['large', 'large', 'tiny', 'large']);
});

test('the place in the first route is free while the other model answers, and the first deadline holds', async (t) => {
  const perPod = { max: 1, queue: 0, deadlineMs: 1_000 };
  const [chat, cheap] = POLICY.routes;
  const routes = [{ ...chat, concurrency: { perPod } }, cheap] as PolicyWords['routes'];
  const world = new World(t, { ...POLICY, routes, budgets: [lowering({ per: ['user'], amount: '190' })] });
  for (let count = 0; count < 2; count++) await world.ask({ user: 'ann' }).done;
  world.held = new Promise(() => {});
  const lowered = world.ask({ user: 'ann' });
  await world.settle();
  assert.equal(world.sent.at(-1)?.model, 'tiny');
  world.held = undefined;
  assert.equal((await world.ask({ user: 'bob' }).done).status, 200, 'the route has room for one');
  await world.pass(31_000);
  assert.equal(lowered.told?.status, 504, 'of the 60 s that the other route gives only 30 are left');
});

test('an explanation tells which limit lowers the request, and goes on with the other model', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [lowering()] });
  await spent(world);
  await world.settle();
  const { downgraded, outcome, sentTo, route, targets } = await world.explain();
  assert.deepEqual(
    { downgraded, outcome, sentTo, route },
    {
      downgraded: { by: 'default/caps/total', model: 'cheap' },
      outcome: 'sent',
      sentTo: 'small/tiny',
      route: 'default/route-1',
    },
  );
  assert.equal(targets[0]?.budgets[0]?.otherwise, 'goes to the model cheap');
  assert.equal(world.sent.length, 2);
});
