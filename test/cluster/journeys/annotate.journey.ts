import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, route } from '#test/cluster/manifests';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };

journey(
  'kubectl annotate deployment gives an unchanged app its sidecar and its answers, under restricted Pod Security',
  async (namespace) => {
    await Promise.all([remoraInstalled(), fakeProviders()]);
    await namespace.apply(
      app('shop', { image: namespace.cluster.images.test }),
      provider('north'),
      route('chat', 'north/gpt-4o'),
    );
    await namespace.rolledOut('shop');
    await namespace.kubectl('annotate', 'deployment', 'shop', 'remora.dev/inject=true');
    await namespace.rolledOut('shop');
    const pod = await namespace.onePod('shop');
    const [sidecar] = pod.spec.initContainers ?? [];
    assert.deepEqual([sidecar?.name, sidecar?.restartPolicy], ['remora-proxy', 'Always']);
    assert.match(pod.metadata.annotations?.['remora.dev/status'] ?? '', /OPENAI_BASE_URL/);

    const plain = await namespace.askOnce(pod.metadata.name, { prompt: 'good morning' });
    assert.deepEqual([plain.text, plain.target], ['from north: good morning', 'north/gpt-4o'], JSON.stringify(plain));
    const streamed = await namespace.askOnce(pod.metadata.name, { prompt: 'one two three', stream: true });
    assert.equal(streamed.text, 'from north: one two three', JSON.stringify(streamed));
    assert.ok((streamed.chunks ?? 0) > 3, 'it came in pieces');

    await namespace.kubectl('annotate', 'deployment', 'shop', 'remora.dev/inject-');
    await namespace.rolledOut('shop');
    assert.equal((await namespace.onePod('shop')).spec.initContainers, undefined);
  },
  RESTRICTED,
);
