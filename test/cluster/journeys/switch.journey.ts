import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

journey('changing the AIRoute moves the traffic to another provider, and no pod restarts', async (namespace) => {
  await Promise.all([remoraInstalled(), fakeProviders()]);
  const image = namespace.cluster.images.test;
  const inject = { 'remora.dev/inject': 'true' };
  await namespace.apply(
    app('shop', { image, replicas: 2, templateAnnotations: inject }),
    ...[provider('north'), provider('south'), route('chat', 'north/gpt-4o')],
  );
  await namespace.rolledOut('shop');
  await namespace.programmed('chat', 2);
  const before = await namespace.pods('shop');
  for (const pod of before) assert.equal((await namespace.askOnce(pod.metadata.name)).target, 'north/gpt-4o');

  await namespace.apply(route('chat', 'south/gpt-4o'));
  await namespace.programmed('chat', 2);
  for (const pod of before) assert.equal((await namespace.askOnce(pod.metadata.name)).text, 'from south: hello');

  const after = await namespace.pods('shop');
  const uids = (pods: typeof before) => pods.map((pod) => pod.metadata.uid).toSorted();
  assert.deepEqual(uids(after), uids(before));
  for (const pod of after) assert.equal(pod.status.initContainerStatuses?.[0]?.restartCount, 0);

  await namespace.kubectl('scale', 'deployment', 'shop', '--replicas=0');
  await waitFor('the pods to be gone', async () => ((await namespace.pods('shop')).length === 0 ? true : undefined));
  await waitFor('the route to say that no workload uses it', async () => {
    const reason = await namespace.field('airoute/chat', '{.status.conditions[?(@.type=="Programmed")].reason}');
    return reason === 'NoWorkloads' ? true : undefined;
  });
});
