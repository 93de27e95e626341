/** The kill switch over a real API server: how fast it reaches sidecars, what holds it back, and what is told of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABEL } from '#contract/names/api';
import { eventually } from './eventually.ts';
import { World } from './world.ts';

const LIMITS = [{ name: 'all', tokens: 1_000, every: 'Month' }];
const ROUTE = { targets: [{ model: 'mock/echo' }] };

const switchEvents = (world: World) => world.events('BudgetStopped', 'BudgetResumed');

test('a stop reaches every sidecar within a second while pods and routes change all the time, and so does its end', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', ROUTE);
  await world.apply('AIBudget', 'caps', { limits: LIMITS });
  const pods = await Promise.all(['a', 'b', 'c'].map((name) => world.pod(name)));
  const sinks = pods.map((pod) => world.sidecar(pod, operator).sink);
  const all = (isStopped: boolean) => () =>
    sinks.every(({ policy }) => policy?.budgets.length === 1 && (policy.budgets[0]?.stop !== undefined) === isStopped);
  await eventually('the policy', all(false));
  let churns = true;
  const churning = (async () => {
    for (let edit = 0; churns; edit += 1)
      await world.apply('AIRoute', 'chat', { targets: [{ model: `mock/edit-${edit}` }] });
  })();
  try {
    for (const stop of [true, false]) {
      await world.apply('AIBudget', 'caps', { limits: LIMITS, stop, ...(stop && { stopReason: 'it runs wild' }) });
      const written = performance.now();
      await eventually(`stop: ${stop}`, all(stop));
      const ms = performance.now() - written;
      t.diagnostic(`stop: ${stop} was applied by three sidecars ${ms.toFixed(0)} ms after the API server had it`);
      assert.ok(ms < 1_000, `${ms} ms`);
    }
  } finally {
    churns = false;
    await churning;
  }
  assert.equal(
    operator.lines.some((line) => line.includes('work failed')),
    false,
  );
});

test('a stop is told by status and Events, holds for pods that come later and over a restart of the operator', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const first = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', ROUTE);
  await world.apply('AIBudget', 'caps', { limits: LIMITS, stop: true, stopReason: 'it runs wild' });
  await eventually('the status', async () => (await world.status('AIBudget', 'caps')).stopped === true);
  await eventually('the Event', async () => (await switchEvents(world)).length === 1);
  assert.equal((await switchEvents(world))[0]?.note, 'Every request that its limits cover is refused: it runs wild.');
  await first.close();

  const second = await world.operator();
  const { sink } = world.sidecar(await world.pod('late'), second);
  await eventually('the stop', () => sink.policy?.budgets[0]?.stop?.reason === 'it runs wild');
  await world.apply('AIBudget', 'caps', { limits: LIMITS });
  await eventually('the end of it', () => sink.policy?.budgets[0]?.stop === undefined);
  await eventually('the other Event', async () => (await switchEvents(world)).length === 2);
  assert.equal((await world.status('AIBudget', 'caps')).stopped, undefined);
});

test('what the operator knows too little of to push anything else is stopped all the same', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const first = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', ROUTE);
  const guardrail = { name: 'words', stage: 'Output', action: 'Block' };
  await world.apply('AIPolicy', 'words', { guardrails: [{ ...guardrail, patterns: ['project-x'] }] });
  const pod = await world.pod('app-1', { [LABEL.injected]: 'true' });
  const before = world.sidecar(pod, first);
  await eventually('the guardrail', () => before.sink.policy?.guardrails.length === 1);
  await world.apply('AIPolicy', 'words', { guardrails: [{ ...guardrail, patterns: ['x.*'] }] });
  await world.condition('AIPolicy', 'words', 'Accepted', ({ status }) => status === 'False');
  await first.close();

  const second = await world.operator();
  const { sink } = world.sidecar(await world.pod('app-2'), second);
  await world.apply('AIBudget', 'caps', { limits: LIMITS, stop: true });
  await eventually('the stop', () => sink.policy?.budgets[0]?.stop !== undefined);
});
