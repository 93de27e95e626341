/** `remora kill` against a real API server and a real operator: what it writes, whom it waits for, and what it says of who is missing. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LABEL } from '#contract/names/api';
import { remoraType } from '#operator/kube/resource-type';
import { eventually } from '#test/operator/eventually';
import { World } from '#test/operator/world';
import { folderFor, runRemora } from './remora-process.ts';

interface Budget {
  readonly spec: { readonly stop: boolean; readonly stopReason?: string };
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

const LIMITS = [{ name: 'all', tokens: 1_000, every: 'Month' }];
const ofTeam = (team: string) => ({ [LABEL.injected]: 'true', [LABEL.team]: team });

async function open(t: TestContext) {
  const world = await World.open(t);
  if (!world) return undefined;
  const kubeconfig = join(folderFor(t), 'kubeconfig');
  writeFileSync(kubeconfig, world.server.kubeconfig);
  const { namespace } = world;
  // The operator of this test governs its own namespace and is no Deployment.
  const kill = (...args: readonly string[]) =>
    runRemora(t, ['kill', ...args, '--in', namespace, '--kubeconfig', kubeconfig]);
  const status = (...args: readonly string[]) => runRemora(t, ['status', ...args, '--kubeconfig', kubeconfig]);
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/echo' }] });
  const budget = async (name: string) => (await world.get(remoraType('AIBudget'), name)) as Partial<Budget>;
  return { world, operator, kill, status, budget, namespace };
}

test('remora kill stops what an AIBudget covers on every sidecar, says who did it and why, and undoes it', async (t) => {
  const stage = await open(t);
  if (!stage) return;
  const { world, operator, kill, status, budget, namespace } = stage;
  await world.apply('AIBudget', 'caps', { limits: LIMITS });
  const sinks = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => world.sidecar(await world.pod(name), operator).sink),
  );
  const isStopped = () => sinks.map(({ policy }) => policy?.budgets[0]?.stop !== undefined);
  await eventually('the policy', () => sinks.every(({ policy }) => policy?.budgets.length === 1));

  const stopped = await kill('--budget', `${namespace}/caps`, '--reason', 'an agent runs wild');
  assert.deepEqual([stopped.code, stopped.stderr], [0, '']);
  t.diagnostic(stopped.stdout);
  assert.match(stopped.stdout, /stops all that its limits cover\.\n3 of 3 sidecars refuse it after \d/);
  assert.deepEqual(isStopped(), [true, true, true]);
  const { spec, metadata } = await budget('caps');
  assert.deepEqual([spec?.stop, spec?.stopReason], [true, 'an agent runs wild']);
  assert.ok(metadata?.annotations?.['remora.dev/stopped-by']);
  assert.match((await status('-n', namespace)).stdout, /\/caps is STOPPED: an agent runs wild/);

  const undone = await kill('--budget', `${namespace}/caps`, '--undo', '-o', 'json');
  assert.equal(undone.code, 0);
  const { seconds: _, ...report } = JSON.parse(undone.stdout);
  assert.deepEqual(report, {
    ...{ budget: `${namespace}/caps`, stopped: false, sidecars: 3, acknowledged: 3, missing: [] },
  });
  assert.deepEqual(isStopped(), [false, false, false]);
  assert.equal((await budget('caps')).metadata?.annotations?.['remora.dev/stopped-by'], undefined);
  assert.doesNotMatch((await status('-n', namespace)).stdout, /STOPPED/);
});

test('remora kill stops a team, waits for its sidecars alone, and leaves nothing behind when it is undone', async (t) => {
  const stage = await open(t);
  if (!stage) return;
  const { world, operator, kill, namespace } = stage;
  const a = world.sidecar(await world.pod('of-a', ofTeam('a')), operator).sink;
  const b = world.sidecar(await world.pod('of-b', ofTeam('b')), operator).sink;
  await eventually('the policies', () => [a, b].every(({ policy }) => policy?.routes.length === 1));
  const stopped = await kill('--team', 'a');
  assert.match(
    stopped.stdout,
    new RegExp(`^AIBudget ${namespace}/kill-team-a-[0-9a-f]{10} stops team a\\.\n1 of 1 sidecars`),
  );
  assert.deepEqual(
    [a, b].map(({ policy }) => policy?.budgets.length),
    [1, 0],
  );
  assert.deepEqual(a.policy?.budgets[0]?.stop, {});
  const again = await kill('--team', 'a', '--reason', 'twice', '--now');
  assert.equal(again.code, 0);
  assert.deepEqual(
    a.policy?.budgets.map(({ stop }) => stop),
    [{ reason: 'twice', inFlight: true }],
    'it is one stop',
  );
  const undone = await kill('--team', 'a', '--undo');
  assert.deepEqual([undone.code, a.policy?.budgets], [0, []]);
  const none = await kill('--team', 'a', '--undo');
  assert.deepEqual(
    [none.code, none.stderr],
    [1, 'Nothing is stopped there: team a. See `remora status --all-namespaces`.\n'],
  );
});

test('remora kill names each sidecar that has not acknowledged by the deadline, and fails then', async (t) => {
  const stage = await open(t);
  if (!stage) return;
  const { world, operator, kill, namespace } = stage;
  const good = world.sidecar(await world.pod('good'), operator).sink;
  const bad = world.sidecar(await world.pod('bad'), operator).sink;
  await world.pod('absent');
  await eventually('the policies', () => [good, bad].every(({ policy }) => policy !== undefined));
  bad.refuseWith = 'pattern 1 is not RE2';
  const { code, stdout } = await kill('--namespace', namespace, '--deadline', '2');
  assert.equal(code, 1);
  assert.match(stdout, / stops namespace .*\.\n1 of 3 sidecars refuse it after 2/);
  assert.ok(stdout.includes(`× ${namespace}/absent: never connected to the operator\n`), stdout);
  assert.ok(stdout.includes(`× ${namespace}/bad: pattern 1 is not RE2\n`), stdout);
  assert.doesNotMatch(stdout, /× .*good/);
});

test('remora kill says what it was not told, and what is not there', async (t) => {
  const stage = await open(t);
  if (!stage) return;
  const { kill, namespace } = stage;
  const answers = await Promise.all([
    kill(),
    kill('--all', '--team', 'a'),
    kill('--budget', 'caps'),
    kill('--budget', `${namespace}/caps`),
    kill('--team', 'a b'),
    kill('--all', '--deadline', '0'),
  ]);
  assert.deepEqual(
    answers.map(({ code }) => code),
    [1, 1, 1, 1, 1, 1],
  );
  const words = [
    /^Say what to stop: --budget/,
    /^Say what to stop: --budget/,
    /^--budget is namespace\/name/,
    /^The API server refuses: .*"caps" not found/,
    /^The API server refuses: .*must be the value of a label/s,
    /Seconds are a number/,
  ];
  for (const [index, { stderr }] of answers.entries()) assert.match(stderr, words[index] ?? /^$/);
});
