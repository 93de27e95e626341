import assert from 'node:assert/strict';
import { type JourneyNamespace, journey, RELEASE } from '#test/cluster/journey';
import { app, budget, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

journey(
  'without the operator traffic goes on, a killed sidecar answers again, and no spent amount is lost',
  async (namespace) => {
    await Promise.all([remoraInstalled(), fakeProviders()]);
    await namespace.apply(
      app('shop', { image: namespace.cluster.images.test, templateAnnotations: { 'remora.dev/inject': 'true' } }),
      budget('total', { name: 'total', match: { namespace: namespace.name }, usd: 1000, every: 'Month' }),
      ...[provider('north'), route('chat', 'north/gpt-4o'), route('free', 'north/gpt-4o')],
    );
    await namespace.rolledOut('shop');
    await namespace.programmed('chat', 1);
    const pod = await namespace.onePod('shop');
    const answer = () => namespace.askOnce(pod.metadata.name, { maxTokens: 20 });
    assert.ok((await answer()).ok);
    const spent = await waitFor(
      'the first amount to be reported',
      async () => (await spentUsd(namespace)) || undefined,
    );
    assert.equal(spent, 2);

    await scaleOperator(namespace, 0);
    try {
      assert.equal((await answer()).text, 'from north: hello');
      await namespace.kill(pod, 'remora-proxy');
      await waitFor('the sidecar to be restarted', async () => {
        const [status] = (await namespace.onePod('shop')).status.initContainerStatuses ?? [];
        return status?.restartCount === 1 && status.ready ? true : undefined;
      });
      await waitFor('the restarted sidecar to answer from its last good policy', async () => {
        const again = await namespace.askOnce(pod.metadata.name, { maxTokens: 20, model: 'free' });
        assert.notEqual(again.status, 401);
        return again.ok || again.status === 503 ? true : undefined;
      });
    } finally {
      await scaleOperator(namespace, 2);
    }
    await waitFor('the amounts spent meanwhile to be reported', async () =>
      (await spentUsd(namespace)) >= 4 ? true : undefined,
    );
    assert.ok((await answer()).ok);
  },
);

async function spentUsd(namespace: JourneyNamespace): Promise<number> {
  return Number((await namespace.field('aibudget/total', '{.status.spent}')).replace('$', ''));
}

async function scaleOperator({ cluster }: JourneyNamespace, replicas: number): Promise<void> {
  const operator = ['-n', RELEASE.namespace];
  await cluster.kubectl([...operator, 'scale', 'deployment', RELEASE.name, `--replicas=${replicas}`]);
  if (replicas > 0)
    await cluster.kubectl([...operator, 'rollout', 'status', `deployment/${RELEASE.name}`, '--timeout=120s'], {
      timeoutMs: 130_000,
    });
  else
    await cluster.kubectl(
      [...operator, 'wait', '--for=delete', 'pod', '-l', 'app.kubernetes.io/component=operator', '--timeout=90s'],
      { timeoutMs: 100_000 },
    );
}
