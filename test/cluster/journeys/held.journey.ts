import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, mockProvider, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { remoraInstalled } from '#test/cluster/setup';

journey(
  'a sidecar that has not acknowledged keeps Programmed below the number of pods, and is named',
  async (namespace) => {
    await remoraInstalled();
    await namespace.apply(
      app('shop', {
        image: namespace.cluster.images.test,
        replicas: 2,
        templateAnnotations: { 'remora.dev/inject': 'true' },
      }),
      ...[mockProvider('mock'), route('chat', 'mock/one')],
    );
    await namespace.rolledOut('shop');
    await namespace.programmed('chat', 2);
    const [held] = await namespace.pods('shop');
    assert.ok(held);
    const containerId = held.status.initContainerStatuses?.[0]?.containerID ?? '';
    const { holdContainer } = namespace.cluster;
    if (holdContainer === undefined)
      return console.log('not tried on this cluster: its nodes cannot be reached to hold a sidecar');
    await holdContainer('pause', containerId);
    try {
      await namespace.apply(route('chat', 'mock/two'));
      await waitFor('the route to be programmed on one of two, and to name the other', async () => {
        const path = '{.status.programmed} {.status.conditions[?(@.type=="Programmed")].message}';
        const text = await namespace.field('airoute/chat', path);
        if (!text.startsWith('1/2 ') || !text.includes(held.metadata.name)) throw new Error(`it says ${text}`);
        return true;
      });
    } finally {
      await holdContainer('resume', containerId);
    }
    await namespace.programmed('chat', 2);
  },
);
