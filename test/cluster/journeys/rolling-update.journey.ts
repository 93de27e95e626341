import assert from 'node:assert/strict';
import { type JourneyNamespace, journey } from '#test/cluster/journey';
import { fakeProvider, openAiProvider, route, streamingApp } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { remoraInstalled } from '#test/cluster/setup';

const REPLICAS = 2;
const ALL = 1_000;
/** Open in each pod at one time; each lasts 8 s. */
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

/** By so many pods that have ended, none of which lost a stream. */
const told = (namespace: JourneyNamespace, pods: number): Promise<Told[]> => {
  let all: Told[] = [];
  return waitFor(
    `${pods} pods to tell how their streams ended`,
    async () => {
      all = (await providerLines(namespace)).flatMap((line) => line.told ?? []);
      return all.length === pods ? all : undefined;
    },
    {
      unless: () =>
        assert.deepEqual(
          all.flatMap(({ failures }) => failures),
          [],
        ),
    },
  );
};

const wholeStreams = async (namespace: JourneyNamespace): Promise<number> =>
  (await providerLines(namespace)).filter(({ stream }) => stream === 'whole').length;

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
  const replaced = await told(namespace, REPLICAS);
  assert.deepEqual(replaced.map(({ pod }) => pod).toSorted(), before.toSorted());
  await waitFor(`${ALL} streams to end`, async () => (await wholeStreams(namespace)) >= ALL || undefined);

  await namespace.kubectl('scale', 'deployment', 'chat', '--replicas=0');
  const all = await told(namespace, 2 * REPLICAS);
  for (const { pod, openAtSignal } of all) assert.ok(openAtSignal > 0, `${pod} had no stream open at its signal`);
  const sum = (of: (one: Told) => number): number => all.reduce((total, one) => total + of(one), 0);
  const whole = sum((one) => one.whole);
  console.log(`${whole} streams whole, ${sum((one) => one.openAtSignal)} of them open when their pod was told to stop`);
  assert.ok(whole >= ALL, `${whole} streams`);
  const cut = (await providerLines(namespace)).filter(({ stream }) => stream === 'cut');
  assert.equal(cut.length, 0, 'the provider saw no stream cut');
});
