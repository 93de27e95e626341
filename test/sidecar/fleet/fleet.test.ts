/** Twenty batch pods, one pod that somebody waits for, and a provider that takes only so much: who waits for how long, and who gets what. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Fleet, type FleetWords, type Pod, type PodWords } from './fleet-world.ts';

const SERVICE_MS = 1_000;
const QUOTA = { concurrency: 20, serviceMs: SERVICE_MS };
const BATCH: PodWords = { priority: 'low', open: 5 };
const INTERACTIVE: PodWords = { priority: 'high', open: 4, pauseMs: 500 };
const MINUTE_MS = 60_000;

const twenty = (words: PodWords): PodWords[] => Array.from({ length: 20 }, () => words);

/** The apps begin a moment after their sidecars, as Kubernetes starts them. */
async function start(t: TestContext, words: FleetWords): Promise<Fleet> {
  const fleet = new Fleet(words);
  t.after(() => fleet.close());
  await fleet.pass(500);
  fleet.start();
  return fleet;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const waitsOf = ({ records }: Pod): number[] => records.map(({ queued }) => queued?.waitedMs ?? 0);
const answeredBy = (pods: readonly Pod[]): number => pods.reduce((sum, { answered }) => sum + answered, 0);
/** What is counted from now on. */
const forget = (pods: readonly Pod[]): void => {
  for (const { records } of pods) records.splice(0);
};

/** Answers of which the provider had all that it can give, in a minute. */
const MOST = (QUOTA.concurrency * MINUTE_MS) / SERVICE_MS;

const LIMITS: readonly (readonly [string, Partial<FleetWords>])[] = [
  ['the AIProvider states', { stated: QUOTA.concurrency }],
  ['the AIRoute states', { routeMax: QUOTA.concurrency }],
  ['the provider shows only by refusing', {}],
];

for (const [what, limit] of LIMITS)
  test(`20 batch pods that saturate what ${what} leave an interactive pod a short wait, and have what it leaves`, async (t) => {
    const fleet = await start(t, { quota: QUOTA, ...limit, pods: [INTERACTIVE, ...twenty(BATCH)] });
    const [interactive, ...batch] = fleet.pods;
    assert.ok(interactive);
    await fleet.pass(MINUTE_MS / 2);
    forget(fleet.pods);
    const { refused } = fleet.provider;
    await fleet.pass(MINUTE_MS);
    const waits = waitsOf(interactive);
    t.diagnostic(
      `interactive: median ${median(waits)} ms, longest ${Math.max(...waits)} ms; batch: ${answeredBy(batch)} of ${MOST}; refused: ${fleet.provider.refused - refused}`,
    );
    assert.ok(waits.length > 20, `${waits.length} requests of the interactive pod`);
    assert.ok(median(waits) <= SERVICE_MS, `its median wait is ${median(waits)} ms`);
    assert.ok(Math.max(...waits) <= 3 * SERVICE_MS, `its longest wait is ${Math.max(...waits)} ms`);
    assert.ok(answeredBy(fleet.pods) >= 0.75 * MOST, `all had ${answeredBy(fleet.pods)} of ${MOST}`);
    const left = answeredBy(fleet.pods) - interactive.answered;
    assert.ok(left >= 0.65 * MOST, `batch had ${left} of ${MOST}`);
    for (const { answered } of batch) assert.ok(answered >= (0.5 * MOST) / 20, `a batch pod had ${answered}`);
    assert.ok(fleet.provider.refused - refused <= 0.05 * MOST, `${fleet.provider.refused - refused} were refused`);
  });

test('what is stated is never exceeded: from the first request on the provider refuses nobody', async (t) => {
  const fleet = await start(t, { quota: QUOTA, stated: QUOTA.concurrency, pods: [INTERACTIVE, ...twenty(BATCH)] });
  await fleet.pass(MINUTE_MS);
  assert.deepEqual([fleet.provider.refused, fleet.provider.peak], [0, QUOTA.concurrency]);
});

test('when high saturates all of it by itself, low still has the part of its weight', async (t) => {
  const pods: PodWords[] = [
    ...Array.from({ length: 3 }, () => ({ priority: 'high' as const, open: 20 })),
    ...twenty(BATCH),
  ];
  const fleet = await start(t, { quota: QUOTA, stated: QUOTA.concurrency, pods });
  await fleet.pass(MINUTE_MS / 2);
  forget(fleet.pods);
  await fleet.pass(MINUTE_MS);
  const low = answeredBy(fleet.pods.slice(3));
  const all = answeredBy(fleet.pods);
  t.diagnostic(`low: ${low} of ${all}`);
  assert.ok(low >= (0.8 * all) / 17 && low <= (2 * all) / 17, `low had ${low} of ${all}`);
});

test('pods that lose the operator go on with what they had and never more, and share anew when it is back', async (t) => {
  const fleet = await start(t, { quota: QUOTA, stated: QUOTA.concurrency, pods: [INTERACTIVE, ...twenty(BATCH)] });
  await fleet.pass(MINUTE_MS / 2);
  const { refused } = fleet.provider;
  for (const pod of fleet.pods) fleet.disconnect(pod);
  const { served } = fleet.provider;
  await fleet.pass(MINUTE_MS);
  assert.ok(fleet.provider.served - served >= 0.8 * MOST, `${fleet.provider.served - served} in a minute alone`);
  for (const pod of fleet.pods) fleet.connect(pod);
  forget(fleet.pods);
  await fleet.pass(MINUTE_MS);
  assert.equal(fleet.provider.refused, refused);
  assert.ok(median(waitsOf(fleet.pods[0] as Pod)) <= SERVICE_MS);
});
