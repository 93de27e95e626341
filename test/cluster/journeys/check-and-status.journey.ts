import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, mockProvider, route } from '#test/cluster/manifests';
import { CommandError } from '#test/cluster/node/command';
import { remoraInstalled } from '#test/cluster/setup';

journey(
  'remora check finds a sound installation sound and a missing Secret by name, and remora status says who runs what',
  async (namespace) => {
    await remoraInstalled();
    const inject = { 'remora.dev/inject': 'true' };
    await namespace.apply(
      app('demo', { image: namespace.cluster.images.test, templateAnnotations: inject }),
      ...[mockProvider('mock'), route('chat', 'mock/demo')],
    );
    await namespace.rolledOut('demo');
    await namespace.programmed('chat', 1);
    const { remora } = namespace.cluster;
    const sound = await remora(['check', '-n', namespace.name]);
    assert.doesNotMatch(sound, /×/);
    assert.match(sound, /√.*webhook/i);

    const pod = await namespace.onePod('demo');
    const status = await remora(['status', '-n', namespace.name]);
    assert.match(status, new RegExp(`${pod.metadata.name}\\s+SYNCED`));
    assert.match(status, /chat\s+True\s+1\/1/);

    await namespace.apply({
      apiVersion: 'remora.dev/v1alpha1',
      kind: 'AIProvider',
      metadata: { name: 'openai' },
      spec: { type: 'OpenAI', auth: { secretRef: { name: 'openai' } } },
    });
    await namespace.kubectl('wait', '--for=condition=ResolvedRefs=False', 'aiprovider/openai', '--timeout=30s');
    const faulty = await remora(['check', '-n', namespace.name]).catch((error: unknown) => error);
    assert.ok(faulty instanceof CommandError, 'a failed check exits with 1');
    assert.match(faulty.stdout, /×.*openai/);
    assert.match(faulty.stdout, /kubectl create secret generic openai/);
  },
);
