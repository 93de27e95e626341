/** Which class a request has where an AIPolicy says: it may go below, and nothing raises it above. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyPriorities } from '#contract/policy/policy';
import type { Priority } from '#contract/resources/route-concurrency';
import { CHAT, post } from '#test/sidecar/raw-http';
import type { RouteWords } from '#test/sidecar/start-sidecar';
import { ORGANISATION, startRules, type TestScope } from './start-rules.ts';

const perPod = { max: 1, queue: 1, deadlineMs: 20_000 };
type Entries = PolicyPriorities['priority'];

const policy = (priority: Entries, words: Partial<PolicyPriorities> = {}): PolicyPriorities => ({
  policy: ORGANISATION,
  priority,
  ...words,
});

/** Asks, and says which class the request had. */
async function stage(
  t: TestScope,
  priorities: readonly PolicyPriorities[],
  { route = {}, now = Date.now }: { readonly route?: Partial<RouteWords>; readonly now?: () => number } = {},
) {
  const running = await startRules(
    t,
    {
      priorities: [...priorities],
      routes: [{ targets: [{ provider: 'plain' }], concurrency: { perPod }, ...route }],
    },
    { deps: { now } },
  );
  const classOf = async (headers: Readonly<Record<string, string>> = {}): Promise<Priority | undefined> => {
    assert.equal((await post(running.url, CHAT, headers)).status, 200);
    return running.records.at(-1)?.queued?.priority;
  };
  return { running, classOf };
}

test('what an AIPolicy says binds: a client may go lower, and never higher', async (t) => {
  const { classOf } = await stage(t, [policy([{ class: 'Normal' }])]);
  assert.equal(await classOf(), 'Normal');
  assert.equal(await classOf({ 'x-remora-priority': 'high' }), 'Normal');
  assert.equal(await classOf({ 'x-remora-priority': 'low' }), 'Low');
});

test('it is the class of whoever states none, and bounds what the AIRoute states', async (t) => {
  const silent = await stage(t, [policy([{ class: 'High' }])]);
  assert.equal(await silent.classOf(), 'High');
  const high = await stage(t, [policy([{ class: 'Low' }])], { route: { priority: 'High' } });
  assert.equal(await high.classOf(), 'Low');
});

test('the first entry that holds decides, and of several AIPolicies the lowest class holds', async (t) => {
  const { classOf } = await stage(t, [
    policy([{ match: { latency: 'Realtime' }, class: 'High' }, { class: 'Low' }]),
    policy([{ match: { costClass: 'free' }, class: 'Normal' }], { policy: 'default/team' }),
  ]);
  const urgent = { 'x-remora-priority': 'high' };
  assert.equal(await classOf({ ...urgent, 'x-remora-latency': 'realtime' }), 'High');
  assert.equal(await classOf({ ...urgent, 'x-remora-latency': 'batch' }), 'Low');
  assert.equal(await classOf({ ...urgent, 'x-remora-latency': 'realtime', 'x-remora-tier': 'free' }), 'Normal');
});

test('an expression that cannot be evaluated raises nobody, wherever its entry stands', async (t) => {
  const when = "request.headers['x-kind'] == 'urgent'";
  const first = await stage(t, [policy([{ when, class: 'High' }, { class: 'Low' }])]);
  assert.equal(await first.classOf({ 'x-kind': 'urgent' }), 'High');
  assert.equal(await first.classOf({ 'x-kind': 'other' }), 'Low');
  assert.equal(await first.classOf(), 'Low');
  const last = await stage(t, [policy([{ when, class: 'Low' }, { class: 'High' }])]);
  assert.equal(await last.classOf(), 'Low');
  assert.deepEqual(last.running.records[0]?.failedExpressions?.length, 1);
});

test('an entry holds while it is due, and not a minute longer', async (t) => {
  let time = '2026-11-23T07:59:59Z';
  const during = { cron: '* 9-17 * * mon-fri', timezone: 'Europe/Berlin' };
  const { classOf } = await stage(t, [policy([{ during, class: 'Low' }])], { now: () => Date.parse(time) });
  assert.equal(await classOf(), 'Normal');
  time = '2026-11-23T08:00:00Z';
  assert.equal(await classOf(), 'Low');
  time = '2026-11-23T17:00:00Z';
  assert.equal(await classOf(), 'Normal');
});

test('an observed AIPolicy changes no class and says what it would have done', async (t) => {
  const { classOf, running } = await stage(t, [
    policy([{ match: { latency: 'Batch' }, class: 'Low' }, { class: 'High' }], { mode: 'Observe' }),
  ]);
  assert.equal(await classOf({ 'x-remora-latency': 'batch' }), 'Normal');
  assert.equal(await classOf({ 'x-remora-latency': 'realtime' }), 'Normal');
  assert.equal(await classOf({ 'x-remora-latency': 'batch', 'x-remora-priority': 'low' }), 'Low');
  const would = (action: 'Lower' | 'Raise') => [{ policy: ORGANISATION, rule: 'priority', action }];
  assert.deepEqual(
    running.records.map(({ wouldHave }) => wouldHave),
    [would('Lower'), would('Raise'), undefined],
  );
});

test('where no AIPolicy asks what a request is, that is not worked out', async (t) => {
  const running = await startRules(t, { priorities: [policy([{ class: 'Low' }])] });
  await post(running.url, CHAT);
  assert.deepEqual([running.records[0]?.requestClass, running.records[0]?.queued], [undefined, undefined]);
});
