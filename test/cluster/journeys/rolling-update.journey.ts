import assert from 'node:assert/strict';
import { type JourneyNamespace, journey } from '#test/cluster/journey';
import { fakeProvider, openAiProvider, route, streamingApp } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { remoraInstalled } from '#test/cluster/setup';

const REPLICAS = 2;
const ALL = 1_000;
/** Open in each pod at one time; each lasts some nine seconds. */
const OPEN = 100;
const PACE_MS = 500;

interface Told {
  readonly pod: string;
  readonly whole: number;
  readonly openAtSignal: number;
  readonly failures: readonly string[];
}

interface ProviderLine {
  readonly told?: Told;
  readonly stream?: 'whole' | 'cut';
}

const providerLines = async (namespace: JourneyNamespace): Promise<ProviderLine[]> =>
  (await namespace.kubectl('logs', 'deployment/slow', '--tail=-1'))
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ProviderLine);

interface Seen {
  /** By pod that has ended. */
  readonly told: readonly Told[];
  readonly whole: number;
  readonly cut: number;
}

async function seen(namespace: JourneyNamespace): Promise<Seen> {
  const lines = await providerLines(namespace);
  const told = new Map(lines.flatMap(({ told: one }) => (one === undefined ? [] : [[one.pod, one]])));
  const streams = (how: ProviderLine['stream']): number => lines.filter(({ stream }) => stream === how).length;
  return { told: [...told.values()], whole: streams('whole'), cut: streams('cut') };
}

/** Waits until what the provider saw is as wanted; at once over when a stream is lost. */
async function untilSeen(namespace: JourneyNamespace, what: string, isWanted: (all: Seen) => boolean): Promise<Seen> {
  let lost: readonly string[] = [];
  return waitFor(
    what,
    async () => {
      const all = await seen(namespace);
      lost = all.told.flatMap(({ pod, failures }) => failures.map((failure) => `${pod}: ${failure}`));
      if (lost.length === 0 && isWanted(all)) return all;
      throw new Error(`seen were ${all.whole} whole, ${all.cut} cut, told ${JSON.stringify(all.told)}`);
    },
    { unless: () => assert.deepEqual(lost, [], 'streams were lost') },
  );
}

journey('a rolling update cuts none of 1,000 streams', async (namespace) => {
  const image = namespace.cluster.images.test;
  const slow = `http://slow.${namespace.name}.svc:8080`;
  await remoraInstalled();
  await namespace.apply(
    ...[fakeProvider('slow', { image, key: 'key-of-slow', paceMs: PACE_MS }), route('chat', 'slow/gpt-4o')],
    ...openAiProvider('slow', `${slow}/v1`, 'key-of-slow'),
  );
  await namespace.rolledOut('slow');
  await namespace.apply(streamingApp('chat', { image, replicas: REPLICAS, streams: OPEN, tell: `${slow}/told` }));
  await namespace.rolledOut('chat');
  const before = (await namespace.pods('chat')).map(({ metadata }) => metadata.name);

  await namespace.kubectl('rollout', 'restart', 'deployment/chat');
  await namespace.rolledOut('chat');
  const replaced = await untilSeen(namespace, 'both pods to tell', ({ told }) => told.length === REPLICAS);
  assert.deepEqual(replaced.told.map(({ pod }) => pod).toSorted(), before.toSorted());
  await untilSeen(namespace, `${ALL} streams to end`, ({ whole }) => whole >= ALL);

  await namespace.kubectl('scale', 'deployment', 'chat', '--replicas=0');
  const all = await untilSeen(namespace, 'all pods to tell', ({ told }) => told.length === 2 * REPLICAS);
  for (const { pod, openAtSignal } of all.told) assert.ok(openAtSignal > 0, `${pod} had no stream open at its signal`);
  const sum = (of: (one: Told) => number): number => all.told.reduce((total, one) => total + of(one), 0);
  const whole = sum((one) => one.whole);
  console.log(`${whole} streams whole, ${sum((one) => one.openAtSignal)} of them open when their pod was told to stop`);
  assert.ok(whole >= ALL, `${whole} streams`);
  assert.equal(all.cut, 0, 'the provider saw no stream cut');
});
