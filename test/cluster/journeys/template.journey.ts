import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, mockProvider, route } from '#test/cluster/manifests';
import { remoraInstalled } from '#test/cluster/setup';

journey('the annotation in the pod template works, and the Mock demo needs no key', async (namespace) => {
  await remoraInstalled();
  await namespace.apply(
    app('demo', { image: namespace.cluster.images.test, templateAnnotations: { 'remora.dev/inject': 'true' } }),
    mockProvider('mock'),
    route('chat', 'mock/demo'),
  );
  await namespace.rolledOut('demo');
  const pod = await namespace.onePod('demo');
  const answer = await namespace.askOnce(pod.metadata.name);
  assert.ok(answer.ok, JSON.stringify(answer));
  assert.match(answer.text ?? '', /mock/i);
});
