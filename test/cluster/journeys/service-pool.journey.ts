import assert from 'node:assert/strict';
import { type Answer, type JourneyNamespace, journey } from '#test/cluster/journey';
import { app, fakeProvider, mockProvider, poolProvider, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { remoraInstalled } from '#test/cluster/setup';

const SERVERS = 'vllm';
const APP = 'shop';
const CLIENTS = 3;

journey(
  'pods behind a Service come and go under load, from two to three to one, and no request fails; with none the next target serves',
  async (namespace) => {
    await remoraInstalled();
    const { test: image } = namespace.cluster.images;
    await namespace.apply(
      fakeProvider(SERVERS, { image, key: 'key-of-pool', replicas: 2, namesItself: 'Pod' }),
      app(APP, { image, templateAnnotations: { 'remora.dev/inject': 'true' } }),
      ...[poolProvider('pool', SERVERS, 'key-of-pool'), mockProvider('mock')],
      ...[route('chat', 'pool/llama'), route('safe', 'pool/llama', 'mock/echo')],
    );
    await Promise.all([namespace.rolledOut(SERVERS), namespace.rolledOut(APP)]);
    await namespace.programmed('chat', 1);
    const { name: pod } = (await namespace.onePod(APP)).metadata;
    await answeredByAll(namespace, pod, 2);

    const answers = await underLoad(namespace, pod, async () => {
      await scale(namespace, 3);
      await answeredByAll(namespace, pod, 3);
      await scale(namespace, 1);
      await answeredByAll(namespace, pod, 1);
    });
    const failed = answers.filter(({ ok }) => !ok);
    assert.deepEqual(failed, [], `${failed.length} of ${answers.length} failed`);
    assert.equal(await namespace.field('airoute/chat', '{.status.programmed}'), '1/1');

    await scale(namespace, 0);
    await waitFor('the AIProvider to say that no endpoint is ready', async () => {
      const ready = await namespace.field('aiprovider/pool', '{.status.conditions[?(@.type=="Ready")].reason}');
      return ready === 'NoReadyEndpoints' ? true : undefined;
    });
    assert.equal((await namespace.askOnce(pod, { model: 'safe' })).target, 'mock/echo');
    const refused = await namespace.askOnce(pod);
    assert.equal(refused.status, 503, JSON.stringify(refused));
    assert.match(refused.message ?? '', /Service [\w-]+\/vllm has no ready endpoint/);
  },
);

async function scale(namespace: JourneyNamespace, replicas: number): Promise<void> {
  await namespace.kubectl('scale', 'deployment', SERVERS, `--replicas=${replicas}`);
  await namespace.rolledOut(SERVERS);
}

/** Waits until the answers come from exactly the pods that there are, so that new ones have their share and old ones none. */
async function answeredByAll(namespace: JourneyNamespace, pod: string, count: number): Promise<void> {
  await waitFor(`answers of ${count} pods`, async () => {
    const there = (await namespace.pods(SERVERS)).map(({ metadata }) => metadata.name);
    const answers = await namespace.ask(pod, { count: 30 });
    const answering = new Set(answers.map(({ text = '' }) => text.replace(/^from (.*): hello$/, '$1')));
    const isSo = there.length === count && [...answering].sort().join() === there.toSorted().join();
    if (!isSo) throw new Error(`${[...answering].join()} answered, and there are ${there.join()}`);
    return true;
  });
}

/** All answers that several clients got while `change` went on. */
async function underLoad(
  namespace: JourneyNamespace,
  pod: string,
  change: () => Promise<void>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) answers.push(...(await namespace.ask(pod, { count: 100 })));
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await change().finally(() => {
    isOver = true;
  });
  await Promise.all(clients);
  return answers;
}
