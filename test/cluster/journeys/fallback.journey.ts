import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, route } from '#test/cluster/manifests';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

journey('a provider that answers 503 is not seen by the app: the next target answers', async (namespace) => {
  await Promise.all([remoraInstalled(), fakeProviders()]);
  await namespace.apply(
    app('shop', { image: namespace.cluster.images.test, templateAnnotations: { 'remora.dev/inject': 'true' } }),
    ...[provider('broken'), provider('south'), route('chat', 'broken/gpt-4o', 'south/gpt-4o')],
  );
  await namespace.rolledOut('shop');
  const pod = await namespace.onePod('shop');
  for (const stream of [false, true]) {
    const answer = await namespace.askOnce(pod.metadata.name, { stream });
    assert.equal(answer.text, 'from south: hello', JSON.stringify(answer));
  }
});
