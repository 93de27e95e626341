/** AIBudgetLedger objects in a real API server: what the cluster store relies on when it deletes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeClient } from '#operator/kube/kube-client';
import { ledgerClient } from '#operator/kube/ledger-client';
import { newBook } from '#treasury/book';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { windowAt } from '#treasury/window';
import { directAccess } from './faulty-api.ts';
import { World } from './world.ts';

test('a book from which something is granted while it is being swept stays', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const client = new KubeClient(directAccess(world.server));
  t.after(() => client.close());
  const real = ledgerClient(client);
  const kept = { budgetId: `${world.namespace}/caps/agents/${'a'.repeat(32)}`, window: 'run' };
  const gone = { ...kept, window: windowAt('Second', 0).id };
  const store = new ClusterGrantStore({ objects: real, ownerOf: () => undefined });
  const until = async (keptUntilMs: number): Promise<void> =>
    store.update(kept, () => ({ book: { ...newBook(kept, 100n), keptUntilMs }, result: undefined }));
  await until(1_000);
  await store.update(gone, () => ({ book: newBook(gone, 100n), result: undefined }));
  // Another replica grants between its list and its deletions.
  const slow = async () => {
    const objects = (await real.list?.()) ?? [];
    await until(9_000_000);
    return objects.filter(({ metadata }) => metadata.namespace === world.namespace);
  };
  const sweeper = new ClusterGrantStore({ objects: { ...real, list: slow }, ownerOf: () => undefined });
  assert.equal(await sweeper.sweep(1_000_000), 1);
  assert.equal((await store.read(kept))?.keptUntilMs, 9_000_000);
  assert.equal(await store.read(gone), undefined);
});
