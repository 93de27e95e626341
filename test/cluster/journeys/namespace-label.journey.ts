import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app } from '#test/cluster/manifests';
import { remoraInstalled } from '#test/cluster/setup';

journey('the label on a namespace opts its pods in, and a pod that says false stays out', async (namespace) => {
  await remoraInstalled();
  await namespace.kubectl('label', 'namespace', namespace.name, 'remora.dev/inject=enabled');
  const image = namespace.cluster.images.test;
  await namespace.apply(
    app('inside', { image, templateAnnotations: { 'remora.dev/start': 'degraded' } }),
    app('outside', { image, templateAnnotations: { 'remora.dev/inject': 'false' } }),
  );
  await Promise.all([namespace.rolledOut('inside'), namespace.rolledOut('outside')]);
  const [inside, outside] = [await namespace.onePod('inside'), await namespace.onePod('outside')];
  assert.equal(inside.spec.initContainers?.[0]?.name, 'remora-proxy');
  assert.equal(outside.spec.initContainers, undefined);
});
