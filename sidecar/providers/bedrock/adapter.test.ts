import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { adapterSuite } from '#test/support/adapter-suite';
import { awsEvent, awsException, awsFrame } from '#test/support/aws-frames';
import { buildProvider } from '#test/support/build-policy';
import { singleBytes } from '#test/support/byte-splits';
import { decodeFramedStream } from '#test/support/decode-provider-stream';
import { assertGoldenJson } from '#test/support/golden';
import { bedrock } from './adapter.ts';

const PROVIDER = buildProvider('shop/bedrock', { type: 'Bedrock', aws: { region: 'us-east-1' } });
const adapter = bedrock(PROVIDER);
const [wire] = adapter.wires;
const folder = join(import.meta.dirname, 'fixtures');

adapterSuite(adapter, { folder, model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0' });

/** What the API may add tomorrow. */
const NOISE = awsEvent('someFutureEvent', { contentBlockIndex: 0, delta: { text: 'no' } });

/** One object per line, keyed by the event's type; an exception's begins with `exception:`. */
const framesOf = (path: string): Uint8Array[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) =>
      Object.entries<object>(JSON.parse(line)).map(([type, payload]) =>
        type.startsWith('exception:') ? awsException(type.slice(10), payload) : awsEvent(type, payload),
      ),
    );

const decode = (chunks: Iterable<Uint8Array>): Promise<StreamEvent[]> => decodeFramedStream(wire, chunks);

for (const path of globSync(join(folder, '*.frames.jsonl')).sort()) {
  const name = `Bedrock stream ${basename(path, '.frames.jsonl')}`;
  const frames = framesOf(path);
  const bytes = Buffer.concat(frames);

  test(`${name} decodes to the canonical events of its golden file, byte by byte and among unknown events`, async () => {
    const expected = await decode([bytes]);
    assertGoldenJson(path.replace(/\.frames\.jsonl$/, '.events.json'), expected);
    assert.deepEqual(await decode(singleBytes(bytes)), expected);
    assert.deepEqual(await decode(frames.flatMap((frame) => [NOISE, frame])), expected);
  });

  test(`${name} never ends well when it is cut before messageStop, and says nothing after its end or an error`, async () => {
    const expected = await decode([bytes]);
    for (let length = 0; length < frames.length; length += 1) {
      const decoded = await decode(frames.slice(0, length));
      const hasFinish = decoded.some(({ type }) => type === 'finish');
      assert.equal(
        decoded.some(({ type }) => type === 'response-end'),
        hasFinish,
        `after ${length} frames`,
      );
      const sure = decoded.filter(({ type }) => type !== 'response-end');
      assert.deepEqual(sure, expected.slice(0, sure.length), `after ${length} frames`);
    }
    if (expected.some(({ type }) => type === 'response-end' || type === 'error'))
      assert.deepEqual(await decode([...frames, ...frames]), expected);
  });
}

test('a stream whose payload is not JSON fails', async () => {
  const events = await decode([awsFrame({ ':message-type': 'event', ':event-type': 'messageStart' }, '{"role"')]);
  assert.deepEqual(
    events.map((event) => event.type === 'error' && event.error.class),
    ['malformed'],
  );
});

test('the path says the model encoded once, and whether the answer is a stream', () => {
  assert.equal(wire.path('amazon.nova-lite-v1:0', false), '/model/amazon.nova-lite-v1%3A0/converse');
  assert.equal(
    wire.path('arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0', true),
    '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/converse-stream',
  );
});

const CALL = {
  url: 'https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse',
  body: Buffer.from('{}'),
  nowUnixMs: Date.parse('2026-11-21T12:00:00Z'),
};

test('an API key goes as a bearer token, and a key pair signs with the region of the AIProvider and the given time', async () => {
  assert.deepEqual(await adapter.headers({ ...CALL, credential: 'ABSK-key' }), { authorization: 'Bearer ABSK-key' });
  assert.deepEqual(await adapter.headers({ ...CALL, credential: null }), {});
  const pair = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' };
  const headers = await adapter.headers({ ...CALL, credential: ` ${JSON.stringify(pair, null, 2)}\n` });
  assert.match(
    headers.authorization ?? '',
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20261121\/us-east-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
  );
  assert.deepEqual(
    [headers['x-amz-date'], headers['x-amz-security-token'], headers['content-type']],
    ['20261121T120000Z', 'token', 'application/json'],
  );
});

test('JSON that is no key pair is not sent at all, so that the provider refuses the call', async () => {
  for (const credential of ['{"accessKeyId":"a"}', '{broken', '{"accessKeyId":1,"secretAccessKey":2}'])
    assert.deepEqual(await adapter.headers({ ...CALL, credential }), {});
});

test('a provider without a region is refused when the policy arrives', () => {
  const { aws: _, ...regionless } = PROVIDER;
  assert.throws(() => bedrock(regionless), /shop\/bedrock: aws.region/);
});
