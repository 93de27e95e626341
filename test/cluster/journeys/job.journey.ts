import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { askingJob, route } from '#test/cluster/manifests';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

journey('a Job with a sidecar gets its answer and completes', async (namespace) => {
  await Promise.all([remoraInstalled(), fakeProviders()]);
  await namespace.apply(provider('north'), route('chat', 'north/gpt-4o'));
  await namespace.programmed('chat', 0);
  await namespace.apply(askingJob('once', namespace.cluster.images.test));
  await namespace.cluster.kubectl(
    ['-n', namespace.name, 'wait', '--for=condition=Complete', 'job/once', '--timeout=120s'],
    { timeoutMs: 130_000 },
  );
  const log = await namespace.kubectl('logs', 'job/once', '-c', 'app');
  assert.match(log, /"text":"from north: hello"/);
});
