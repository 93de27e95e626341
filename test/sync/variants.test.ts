/** How variants do, from a sidecar to an operator's push server over a real stream. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { policyHash } from '#contract/policy/hash';
import type { PolicyVariant } from '#contract/policy/policy';
import { type ArmCounts, type MeasuredExperiment, NO_COUNTS } from '#contract/policy/variant-counts';
import { VariantBoard } from '#operator/controller/experiments/variant-board';
import { REAL_TIMERS, type Timers } from '#sidecar/time/timers';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { published, type TestOperator, until, WORKLOAD, World } from './harness.ts';

/** A reporter looks often, so that a test need not wait for it. */
const OFTEN: Timers = { ...REAL_TIMERS, every: (ms, task) => REAL_TIMERS.every(Math.min(ms, 20), task) };
const EXPERIMENT = '0123456789abcdef';

function policyWithVariant(parts: Partial<PolicyVariant> = {}) {
  const route = buildRoute('shop/chat', [buildTarget('shop', 'one/m')]);
  const rules = route.rules.map((rule) => ({
    ...rule,
    experiment: EXPERIMENT,
    variants: [{ name: 'small', percent: 5, mode: 'Live' as const, target: buildTarget('shop', 'two/s'), ...parts }],
  }));
  return buildPolicy({
    providers: ['shop/one', 'shop/two'].map((key) => buildProvider(key, { type: 'Mock' })),
    routes: [{ ...route, rules }],
  });
}

async function open(t: TestContext): Promise<{ world: World; operator: TestOperator }> {
  const world = await World.open();
  t.after(() => world.close());
  const operator = await world.operator();
  operator.server.publish(WORKLOAD, published(policyWithVariant()));
  return { world, operator };
}

const full: ArmCounts = {
  ...{ requests: 3, errors: 1, priced: 2, costNanoUsd: 12_345_678_901_234_567_890n, tokens: 40 },
  ...{
    ratings: 2,
    ratingMilli: 1_250,
    firstToken: new Map([
      [7, 1],
      [80, 1],
    ]),
  },
};
const measured = (
  counts: Readonly<Record<string, ArmCounts>>,
  experiment = EXPERIMENT,
  run = 1,
): MeasuredExperiment => ({
  ...{ experiment, run },
  counts: new Map(Object.entries(counts)),
});

test('what was counted arrives as it was, once for each time that it grows, and again on a new stream', async (t) => {
  const { world, operator } = await open(t);
  let now = [measured({ '': NO_COUNTS, small: full })];
  world.started('pod-a', operator.port, { timers: OFTEN, variants: () => now });
  await until('the word', () => operator.variants.length === 1);
  assert.deepEqual(operator.variants[0], {
    ...{ experiment: EXPERIMENT, source: 'pod-a.1.1' },
    counts: new Map([
      ['', NO_COUNTS],
      ['small', full],
    ]),
  });
  now = [measured({ '': { ...NO_COUNTS, requests: 1 }, small: full })];
  await until('the next word', () => operator.variants.length > 1);
  assert.equal(operator.variants.length, 2);
  assert.equal(operator.variants[1]?.counts.get('')?.requests, 1);
  await operator.stop();
  const second = await world.operator(operator.port);
  second.server.publish(WORKLOAD, published(policyWithVariant()));
  await until('all of it at the next one', () => second.variants.at(-1)?.counts.get('')?.requests === 1);
});

test('nobody is heard about experiments and arms that are not in its policy, nor for another pod, nor with what cannot be', async (t) => {
  const { world, operator } = await open(t);
  const other = 'fedcba9876543210';
  const odd = { ...NO_COUNTS, requests: 1, errors: 2 };
  const now = [measured({ small: full, other: full, '': odd }), measured({ small: full }, other)];
  world.started('pod-a', operator.port, { timers: OFTEN, variants: () => now });
  world.started('pod-b', operator.port, { timers: OFTEN, instance: 'pod-a.2', variants: () => now });
  world.started('pod-c', operator.port, { timers: OFTEN, variants: () => [measured({ small: full })] });
  await until('both words', () => operator.variants.length >= 2);
  const heard = operator.variants.map(({ experiment, source, counts }) => [experiment, source, [...counts.keys()]]);
  assert.deepEqual(heard.sort(), [
    [EXPERIMENT, 'pod-a.1.1', ['small']],
    [EXPERIMENT, 'pod-c.1.1', ['small']],
  ]);
});

test('a sidecar that leaves says its last counts', async (t) => {
  const { world, operator } = await open(t);
  let now: MeasuredExperiment[] = [];
  const { client } = world.started('pod-a', operator.port, { variants: () => now });
  await until('a policy', () => operator.states.get('pod-a')?.ackedHash !== undefined);
  now = [measured({ small: full })];
  await client.settle(1_000);
  await until('the last word', () => operator.variants.length === 1);
});

test('what whole sidecars measured at their providers adds up at the operator, and a promotion that it pushes leads all of them there', async (t) => {
  const { world, operator } = await open(t);
  const [ordinary, trial] = [
    await startFakeProvider({ dialect: 'openai' }),
    await startFakeProvider({ dialect: 'openai' }),
  ];
  for (const provider of [ordinary, trial]) t.after(() => provider.close());
  const policyWith = (percent: number, state?: 'Promoted') => {
    const policy = policyWithVariant({ percent, ...(state && { state }) });
    const endpoints = { 'shop/one': ordinary.url, 'shop/two': trial.url };
    const providers = Object.entries(endpoints).map(([key, endpoint]) =>
      buildProvider(key, { type: 'OpenAI', endpoint }),
    );
    return { ...policy, providers };
  };
  const pods = await Promise.all(['pod-a', 'pod-b'].map((uid) => startPod(t, { world, operator, uid })));
  const run = async (percent: number, state?: 'Promoted'): Promise<void> => {
    const policy = policyWith(percent, state);
    operator.server.publish(WORKLOAD, published(policy));
    await until('the policy', () =>
      pods.every(({ uid }) => operator.states.get(uid)?.ackedHash === policyHash(policy)),
    );
  };
  await run(100);
  for (const { ask } of pods) assert.equal(await ask(), 200);
  await run(1, 'Promoted');
  for (const { ask } of pods) assert.equal(await ask(), 200);
  assert.deepEqual([ordinary.requests.length, trial.requests.length], [0, 4]);
  const board = new VariantBoard();
  await until('all counts', () => {
    for (const told of operator.variants) board.hear(told);
    return board.sum(EXPERIMENT).get('small')?.requests === 4;
  });
  const small = board.sum(EXPERIMENT).get('small');
  assert.equal(
    [...(small?.firstToken.values() ?? [])].reduce((sum, count) => sum + count, 0),
    4,
  );
  assert.deepEqual([small?.errors, board.sum(EXPERIMENT).get('')?.requests], [0, 0]);
});

interface Place {
  readonly world: World;
  readonly operator: TestOperator;
  readonly uid: string;
}

/** A whole sidecar with its data plane. */
async function startPod(t: TestContext, { world, operator, uid }: Place) {
  const { sidecar, url } = await startSidecar(t, { deps: { random: () => 0.5 } });
  const { client } = world.sidecar(uid, operator.port, { timers: OFTEN, variants: () => sidecar.measured() });
  client.start(sidecar.sink);
  return { uid, ask: async () => (await post(url, CHAT)).status };
}
