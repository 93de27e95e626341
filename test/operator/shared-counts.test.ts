/** Replicas that write what they heard of one experiment at the same time, over a real API server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_COUNTS } from '#contract/policy/variant-counts';
import { SharedCounts } from '#operator/controller/experiments/shared-counts';
import { VariantBoard } from '#operator/controller/experiments/variant-board';
import { KubeClient } from '#operator/kube/kube-client';
import { CONFIG_MAP } from '#operator/kube/resource-type';
import { createLog } from '#operator/telemetry/log';
import { eventually } from './eventually.ts';
import { directAccess } from './faulty-api.ts';
import { World } from './world.ts';

const EXPERIMENT = '0123456789abcdef';
const REPLICAS = 3;
const SOURCES = 10;

test('replicas that write at once lose no word, and one that comes later knows all of them', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const client = new KubeClient(directAccess(world.server));
  const open: SharedCounts[] = [];
  t.after(async () => {
    await Promise.all(open.map((shared) => shared.close()));
    await client.close();
  });
  const stated = new Set([EXPERIMENT]);
  const startReplica = (leads: boolean): { board: VariantBoard; shared: SharedCounts } => {
    const board = new VariantBoard();
    const shared = new SharedCounts({
      ...{ client, board, namespace: world.namespace, lookEveryMs: 100, now: Date.now },
      log: createLog('warn', { write: (line) => assert.fail(line) }),
      isStated: (experiment) => stated.has(experiment),
      leads: () => leads,
      onNews: () => undefined,
    });
    open.push(shared);
    shared.reflector.start();
    return { board, shared };
  };
  const replicas = Array.from({ length: REPLICAS }, (_, index) => startReplica(index === 0));
  await Promise.all(replicas.map(({ shared }) => shared.reflector.synced));
  for (let source = 0; source < SOURCES; source += 1)
    for (const [index, { board, shared }] of replicas.entries()) {
      const counts = new Map([['', { ...NO_COUNTS, requests: 1 }]]);
      board.hear({ experiment: EXPERIMENT, source: `pod-${index}-${source}.1`, counts });
      shared.look(EXPERIMENT);
    }
  const all = REPLICAS * SOURCES;
  const knowsAll = ({ board }: { board: VariantBoard }): boolean => board.sum(EXPERIMENT).get('')?.requests === all;
  await eventually('everybody knows all', () => replicas.every(knowsAll));
  const late = startReplica(false);
  await eventually('so does who comes later', () => knowsAll(late));

  stated.clear();
  for (const { shared } of replicas) shared.sweep();
  const name = `remora-experiment-${EXPERIMENT}`;
  await eventually(
    'the end',
    async () => ((await world.get(CONFIG_MAP, name)) as { reason?: string }).reason === 'NotFound',
  );
  await eventually('nobody knows of it', () => replicas.every(({ board }) => board.sources(EXPERIMENT).size === 0));
});
