import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRequest } from '#sidecar/dialects/anthropic-messages/decode-request';
import { RemoraError } from '#sidecar/errors/remora-error';
import { adapterFor } from '#sidecar/providers/index';
import { buildProvider } from '#test/support/build-policy';
import { Losses } from './losses.ts';
import { mediaName, pathName } from './path-name.ts';

test('names of a client are made fit for a path: no line, no quote, no length of its own', () => {
  assert.equal(pathName('x\r\nset-cookie: a'), 'x__set-cookie__a');
  assert.equal(mediaName('image/svg+xml'), 'image/svg+xml');
  assert.equal(mediaName(`a/b; "my secret"${'x'.repeat(200)}`).length, 64);
});

for (const type of ['Bedrock', 'Anthropic'] as const)
  test(`what a client calls a media type is not told back by ${type} as it came`, () => {
    const source = { type: 'base64', media_type: `text/my secret words\n${'x'.repeat(500)}`, data: 'QQ==' };
    const messages = [{ role: 'user', content: [{ type: 'document', source }] }];
    const request = decodeRequest({ model: 'm', max_tokens: 9, messages });
    const [wire] = adapterFor(buildProvider('ns/p', { type })).wires;
    assert.ok(wire !== undefined);
    const encode = () => wire.encodeRequest(request, 'm', new Losses('an API', 'Refuse'));
    assert.throws(
      encode,
      (thrown) => thrown instanceof RemoraError && !/secret words/.test(JSON.stringify(thrown.details)),
    );
  });
