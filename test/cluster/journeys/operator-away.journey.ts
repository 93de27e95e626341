import assert from 'node:assert/strict';
import { type JourneyNamespace, journey, type PodSummary, RELEASE } from '#test/cluster/journey';
import { app, budget, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

/** 20 output tokens at 0.10 dollars. */
const ANSWER_USD = 2;
const TEAM = { 'remora.dev/team': 'paying' };

journey(
  'without the operator traffic goes on, a killed sidecar answers again, and no spent amount is lost',
  async (namespace) => {
    await Promise.all([remoraInstalled(), fakeProviders()]);
    const common = { image: namespace.cluster.images.test, templateAnnotations: { 'remora.dev/inject': 'true' } };
    await namespace.apply(
      app('free', common),
      app('paying', { ...common, templateLabels: TEAM }),
      budget('team', { name: 'paying', match: { team: 'paying' }, usd: 1000, every: 'Month' }),
      ...[provider('north'), route('chat', 'north/gpt-4o')],
    );
    await Promise.all([namespace.rolledOut('free'), namespace.rolledOut('paying')]);
    await namespace.programmed('chat', 2);
    const [free, paying] = [await namespace.onePod('free'), await namespace.onePod('paying')];
    await answers(namespace, free);
    await answers(namespace, paying);

    await scaleOperator(namespace, 0);
    try {
      await answers(namespace, free);
      await answers(namespace, paying);
      for (const pod of [free, paying]) await killSidecar(namespace, pod);
      await answers(namespace, free);
    } finally {
      await scaleOperator(namespace, 2);
    }
    await waitFor('both amounts to be in the book, each once', async () => {
      const spent = await namespace.field('aibudget/team', '{.status.spent}');
      if (Number.parseFloat(spent) !== 2 * ANSWER_USD) throw new Error(`it says ${spent}`);
      return true;
    });
    await answers(namespace, paying);
  },
);

async function answers(namespace: JourneyNamespace, pod: PodSummary): Promise<void> {
  const answer = await namespace.askOnce(pod.metadata.name, { maxTokens: 20 });
  assert.equal(answer.text, 'from north: hello', JSON.stringify(answer));
}

async function killSidecar(namespace: JourneyNamespace, { metadata }: PodSummary): Promise<void> {
  const app = metadata.name.split('-')[0] ?? '';
  await namespace.kill(await namespace.onePod(app), 'remora-proxy');
  await waitFor(`the sidecar of ${metadata.name} to be restarted`, async () => {
    const [status] = (await namespace.onePod(app)).status.initContainerStatuses ?? [];
    return status?.restartCount === 1 && status.ready ? true : undefined;
  });
}

async function scaleOperator({ cluster }: JourneyNamespace, replicas: number): Promise<void> {
  const inNamespace = (...args: string[]) =>
    cluster.kubectl(['-n', RELEASE.namespace, ...args], { timeoutMs: 130_000 });
  await inNamespace('scale', 'deployment', RELEASE.name, `--replicas=${replicas}`);
  if (replicas > 0) await inNamespace('rollout', 'status', `deployment/${RELEASE.name}`, '--timeout=120s');
  else await inNamespace('wait', '--for=delete', 'pod', '-l', 'app.kubernetes.io/component=operator', '--timeout=120s');
}
