/** The book of the replicas in a real API server, as replicas write it at the same time, come and go. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NO_COUNTS } from '#contract/policy/share-demand';
import { FleetShares } from '#operator/kube/fleet-shares';
import { KubeClient } from '#operator/kube/kube-client';
import { createLog } from '#operator/telemetry/log';
import { decodeFleetBook } from '#treasury/shares/fleet-book';
import type { ShareLoad } from '#treasury/shares/share-bounds';
import { eventually } from './eventually.ts';
import { directAccess } from './faulty-api.ts';
import { World } from './world.ts';

const KEY = 'route:shop/chat';
const BOUND = 12;
/** Fifteen of them must outlast a write on a machine that has much else to do. */
const LOOK_MS = 200;

/** A replica whose pods use all that it may give out, and want so many. */
async function replicaOf(t: TestContext, { server, namespace }: World, name: string) {
  const client = new KubeClient(directAccess(server));
  const log = createLog('fatal', { write: () => undefined });
  const shares = new FleetShares({ client, namespace, log, replica: name, now: Date.now, lookEveryMs: LOOK_MS });
  await shares.start();
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await shares.close();
    await client.close();
  };
  t.after(close);
  let units = 0;
  const want = (wanted: number, parts: Partial<ShareLoad> = {}): number => {
    const running = { ...NO_COUNTS, High: Math.min(wanted, units) };
    const waiting = { ...NO_COUNTS, High: wanted - running.High };
    const counts = { running, waiting, occupied: units, throttled: 0, brought: 0, stated: BOUND, ...parts };
    units = shares.boundFor(KEY, counts, performance.now()) ?? Number.POSITIVE_INFINITY;
    return units;
  };
  return { want, close };
}

test('replicas that write at the same time never have more than the bound together, and all of it when they want it', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const replicas = await Promise.all(['a', 'b', 'c'].map((name) => replicaOf(t, world, name)));
  for (const wanted of [
    [20, 20, 20],
    [3, 20, 0],
    [20, 0, 1],
  ]) {
    await eventually(`all of it for ${wanted}`, () => {
      const units = replicas.map(({ want }, index) => want(wanted[index] ?? 0));
      const sum = units.reduce((total, each) => total + each, 0);
      assert.ok(sum <= BOUND, `${units}`);
      const used = units.map((each, index) => Math.min(each, wanted[index] ?? 0));
      return used.reduce((total, each) => total + each, 0) === BOUND;
    });
  }
});

test('what a replica had that is gone goes to the others', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const [one, two] = [await replicaOf(t, world, 'one'), await replicaOf(t, world, 'two')];
  await eventually('half each', () => [one, two].map(({ want }) => want(20)).every((units) => units === BOUND / 2));
  await one.close();
  await eventually('all of it', () => two.want(20) === BOUND);
});

test('a replica that is started anew goes on at once with what the pods of the former one bring along', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const former = await replicaOf(t, world, 'former');
  await eventually('all of it', () => former.want(20) === BOUND);
  await former.close();
  const next = await replicaOf(t, world, 'next');
  const pods = { running: { ...NO_COUNTS, High: BOUND }, waiting: NO_COUNTS, occupied: BOUND };
  assert.equal(next.want(20, { ...pods, brought: BOUND }), BOUND, 'nobody is told to stop');
  await eventually('the book says so', async () => {
    assert.equal(next.want(20, pods), BOUND);
    const { body } = await world.server.request({
      path: `/api/v1/namespaces/${world.namespace}/configmaps/remora-shares`,
    });
    const { data = {} } = body as { data?: Record<string, string> };
    return decodeFleetBook(data.book ?? '').replicas.next?.parts[KEY]?.units === BOUND;
  });
});

test('what a provider refuses one replica holds for the other, too', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const [one, two] = [await replicaOf(t, world, 'one'), await replicaOf(t, world, 'two')];
  const free = { stated: null, running: { ...NO_COUNTS, High: 10 }, waiting: NO_COUNTS, occupied: 10 };
  assert.equal(one.want(10, free), Number.POSITIVE_INFINITY);
  assert.equal(two.want(10, free), Number.POSITIVE_INFINITY);
  one.want(10, { ...free, throttled: 1 });
  await eventually('bounds', () => Number.isFinite(one.want(10, free)) && Number.isFinite(two.want(10, free)));
});
