import assert from 'node:assert/strict';
import { type JourneyNamespace, journey } from '#test/cluster/journey';
import { fakeProvider, openAiProvider, route, streamingApp } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { remoraInstalled } from '#test/cluster/setup';

const REPLICAS = 2;
/** Of each pod, so that with the pods before and after the update 1,000 are open when their pod is told to stop. */
const STREAMS = 250;
const PACE_MS = 1_000;

interface Told {
  readonly pod: string;
  readonly whole: number;
  readonly openAtSignal: number;
  readonly failures: readonly string[];
}

const providerLines = async (namespace: JourneyNamespace): Promise<{ told?: Told; cut?: string }[]> =>
  (await namespace.kubectl('logs', 'deployment/slow', '--tail=-1'))
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { told?: Told; cut?: string });

/** By so many pods that have ended. */
const told = (namespace: JourneyNamespace, pods: number): Promise<Told[]> =>
  waitFor(`${pods} pods to tell how their streams ended`, async () => {
    const all = (await providerLines(namespace)).flatMap((line) => line.told ?? []);
    return all.length === pods ? all : undefined;
  });

journey('a rolling update cuts none of 1,000 streams that are open', async (namespace) => {
  const image = namespace.cluster.images.test;
  const slow = `http://slow.${namespace.name}.svc:8080`;
  await remoraInstalled();
  await namespace.apply(
    ...[fakeProvider('slow', { image, key: 'key-of-slow', paceMs: PACE_MS }), route('chat', 'slow/gpt-4o')],
    ...openAiProvider('slow', `${slow}/v1`, 'key-of-slow'),
  );
  await namespace.rolledOut('slow');
  await namespace.apply(streamingApp('chat', { image, replicas: REPLICAS, streams: STREAMS, tell: `${slow}/told` }));
  await namespace.rolledOut('chat');
  const before = new Set((await namespace.pods('chat')).map(({ metadata }) => metadata.name));

  await namespace.kubectl('rollout', 'restart', 'deployment/chat');
  await namespace.rolledOut('chat');
  const replaced = await told(namespace, REPLICAS);
  assert.deepEqual(new Set(replaced.map(({ pod }) => pod)), before);

  await namespace.kubectl('scale', 'deployment', 'chat', '--replicas=0');
  const all = await told(namespace, 2 * REPLICAS);
  for (const { pod, openAtSignal, failures } of all) {
    assert.deepEqual(failures, [], `${pod} lost streams`);
    assert.ok(openAtSignal > 0, `${pod} had no stream open when it was told to stop`);
  }
  const open = all.reduce((sum, { openAtSignal }) => sum + openAtSignal, 0);
  const whole = all.reduce((sum, one) => sum + one.whole, 0);
  console.log(`${whole} streams whole, ${open} of them open when their pod was told to stop`);
  assert.ok(whole >= 1_000, `${whole} streams`);
  const cut = (await providerLines(namespace)).filter((line) => line.cut !== undefined);
  assert.equal(cut.length, 0, 'the provider saw no stream cut');
});
