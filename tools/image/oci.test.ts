import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layer, ociArchive, qualified } from './oci.ts';

const image = () =>
  ociArchive({
    name: 'example:1',
    layers: [layer([{ kind: 'file', path: 'etc/hello', mode: 0o644, data: Buffer.from('hello') }])],
    config: { Entrypoint: ['/bin/true'] },
  });

test('ociArchive() is reproducible', () => {
  assert.deepEqual(image(), image());
});

test('ociArchive() names the image as container runtimes look it up', () => {
  assert.ok(image().includes('"io.containerd.image.name":"docker.io/library/example:1"'));
  assert.equal(qualified('team/example:1'), 'docker.io/team/example:1');
  assert.equal(qualified('registry.example.com/team/example:1'), 'registry.example.com/team/example:1');
  assert.equal(qualified('localhost/example:1'), 'localhost/example:1');
});
