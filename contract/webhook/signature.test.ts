import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signatureHeaders, signingKey } from './signature.ts';

test('signatureHeaders() signs as the vector of the Standard Webhooks libraries says', () => {
  const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  assert.ok(key);
  const body = Buffer.from('{"test": 2432232314}');
  assert.deepEqual(signatureHeaders(key, { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', nowUnixMs: 1_614_265_330_999, body }), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('signingKey() takes Base64 behind its prefix and text as it is, of 24 bytes or more', () => {
  const text = 'x'.repeat(24);
  assert.deepEqual(signingKey(text), Buffer.from(text));
  assert.deepEqual(signingKey(`whsec_${Buffer.from(text).toString('base64')}`), Buffer.from(text));
  assert.equal(signingKey(text.slice(1)), undefined);
  assert.equal(signingKey(`whsec_${text}`), undefined, '24 digits are 18 bytes');
});
