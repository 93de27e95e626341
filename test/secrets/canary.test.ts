/** The search itself: one that finds nothing proves nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canaryOf, findCanaries, secretOf } from './canary.ts';

const CANARY = canaryOf('key');
const bytes = Buffer.from(CANARY.value);

test('a canary is found raw, escaped, encoded, cut and inside something longer', () => {
  const texts: Readonly<Record<string, string>> = {
    raw: CANARY.value,
    JSON: JSON.stringify({ error: JSON.stringify({ key: CANARY.value }) }),
    URL: `https://a/?key=${encodeURIComponent(CANARY.value)}`,
    hex: bytes.toString('hex'),
    Base64: bytes.toString('base64'),
    'Base64 for URLs': Buffer.from(`Bearer ${CANARY.value}`).toString('base64url'),
    'Base64 of something longer': Buffer.from(`{"a":"${CANARY.value}","b":1}`).toString('base64'),
    'its first half': CANARY.value.slice(0, CANARY.value.length >> 1),
    'its second half': CANARY.value.slice(CANARY.value.length >> 1),
  };
  for (const [form, text] of Object.entries(texts)) {
    const finds = findCanaries([CANARY], { form: `before ${text} after` });
    assert.ok(finds.length > 0, `${form} was not found`);
  }
  assert.deepEqual(findCanaries([CANARY], { other: canaryOf('other').value }), []);
});

test('a secret of somebody else is found by each of its long parts', () => {
  const token = `${'a'.repeat(50)}.${'b'.repeat(50)}.${'c'.repeat(50)}`;
  assert.equal(findCanaries([secretOf('token', token)], { signature: 'c'.repeat(50) }).length, 1);
});
