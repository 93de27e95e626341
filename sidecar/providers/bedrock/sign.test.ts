import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { sign } from './sign.ts';

/** Of the test suite that AWS published for Signature Version 4. */
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const SCOPE = { region: 'us-east-1', service: 'service' };
const NOW = Date.parse('2015-08-30T12:36:00Z');
const URL_OF_SUITE = 'https://example.amazonaws.com/';
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';

const CASES: readonly {
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly sessionToken?: string;
  readonly signedHeaders: string;
  readonly signature: string;
}[] = [
  {
    name: 'post-vanilla',
    signedHeaders: 'host;x-amz-date',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-x-www-form-urlencoded',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
  {
    name: 'post-x-www-form-urlencoded-parameters',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf8' },
    body: 'Param1=value1',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
  },
  {
    name: 'post-header-key-sort',
    headers: { 'my-header1': 'value1' },
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  },
  {
    name: 'post-header-value-case',
    headers: { 'my-header1': 'VALUE1' },
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  },
  {
    name: 'post-sts-header-before',
    sessionToken: TOKEN,
    signedHeaders: 'host;x-amz-date;x-amz-security-token',
    signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  },
];

for (const { name, headers: given = {}, body = '', sessionToken, signedHeaders, signature } of CASES)
  test(`sign() gives the signature of AWS's vector ${name}`, async () => {
    const headers = await sign(
      {
        url: URL_OF_SUITE,
        headers: given,
        body: Buffer.from(body),
        nowUnixMs: NOW,
      },
      { ...KEYS, ...(sessionToken !== undefined && { sessionToken }) },
      SCOPE,
    );
    assert.equal(
      headers.authorization,
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    );
    assert.equal(headers['x-amz-date'], '20150830T123600Z');
    assert.equal(headers['x-amz-security-token'], sessionToken);
    assert.equal(headers.host, undefined);
  });

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** As the specification says it, from the canonical path on. */
function signatureOf(canonicalPath: string, host: string, body: string): string {
  const canonical = ['POST', canonicalPath, '', `host:${host}`, 'x-amz-date:20150830T123600Z', '', 'host;x-amz-date'];
  const request = [...canonical, sha256(body)].join('\n');
  const scope = '20150830/us-east-1/bedrock/aws4_request';
  const text = ['AWS4-HMAC-SHA256', '20150830T123600Z', scope, sha256(request)].join('\n');
  const key = ['20150830', 'us-east-1', 'bedrock', 'aws4_request'].reduce<string | Uint8Array>(
    hmac,
    `AWS4${KEYS.secretAccessKey}`,
  );
  return hmac(key, text).toString('hex');
}

test('a model is encoded once in the URL and again in the path that is signed, an ARN with its slashes too', async () => {
  const body = '{"messages":[]}';
  const paths = [
    ['/model/amazon.nova-lite-v1%3A0/converse', '/model/amazon.nova-lite-v1%253A0/converse'],
    [
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/converse-stream',
      '/model/arn%253Aaws%253Abedrock%253Aus-east-1%253A123456789012%253Ainference-profile%252Fus.amazon.nova-lite-v1%253A0/converse-stream',
    ],
  ] as const;
  for (const [path, canonicalPath] of paths) {
    const url = `https://bedrock-runtime.us-east-1.amazonaws.com${path}`;
    const request = { url, headers: {}, body: Buffer.from(body), nowUnixMs: NOW };
    const { authorization } = await sign(request, KEYS, { region: 'us-east-1', service: 'bedrock' });
    const expected = signatureOf(canonicalPath, 'bedrock-runtime.us-east-1.amazonaws.com', body);
    assert.ok(authorization?.endsWith(`Signature=${expected}`), path);
  }
});

test('the host that is really called is signed, with its port', async () => {
  const url = 'http://vpce-0a1b.bedrock-runtime.internal:8443/model/m/converse';
  const { authorization } = await sign({ url, headers: {}, body: Buffer.from('{}'), nowUnixMs: NOW }, KEYS, {
    region: 'us-east-1',
    service: 'bedrock',
  });
  const expected = signatureOf('/model/m/converse', 'vpce-0a1b.bedrock-runtime.internal:8443', '{}');
  assert.ok(authorization?.endsWith(`Signature=${expected}`));
});

test('one other byte of the body, another second or another region is another signature', async () => {
  const signatures = new Set<string | undefined>();
  for (const [body, nowUnixMs, region] of [
    ['{"a":1}', NOW, 'us-east-1'],
    ['{"a":2}', NOW, 'us-east-1'],
    ['{"a":1}', NOW + 1000, 'us-east-1'],
    ['{"a":1}', NOW, 'eu-west-1'],
  ] as const) {
    const request = { url: URL_OF_SUITE, headers: {}, body: Buffer.from(body), nowUnixMs };
    signatures.add((await sign(request, KEYS, { region, service: 'bedrock' })).authorization);
  }
  assert.equal(signatures.size, 4);
});
