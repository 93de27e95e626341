import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '#contract/policy/sha256';
import { presentedKey } from './presented-key.ts';

const TOKEN = `rmk_${'aA0-_'.repeat(8)}xyz`;
const OTHER = `rmk_${'b'.repeat(43)}`;
const DIGEST = sha256(TOKEN);

const of = (headers: Record<string, string>, url = '/v1/chat/completions') => presentedKey({ headers, url });

test('a token is found wherever clients put their key, and only its digest is told', () => {
  assert.equal(of({ authorization: `Bearer ${TOKEN}` }), DIGEST);
  assert.equal(of({ authorization: `bearer  ${TOKEN}` }), DIGEST);
  assert.equal(of({ authorization: TOKEN }), DIGEST);
  for (const name of ['x-api-key', 'api-key', 'x-goog-api-key']) assert.equal(of({ [name]: TOKEN }), DIGEST, name);
  assert.equal(of({}, `/v1beta/models/m:generateContent?alt=sse&key=${TOKEN}`), DIGEST);
});

test('what does not begin as a token does is nobody', () => {
  for (const headers of [{}, { authorization: 'Bearer sk-1' }, { authorization: `Basic ${TOKEN}` }, { cookie: TOKEN }])
    assert.equal(of(headers as Record<string, string>), undefined);
  assert.equal(of({}, `/v1/files?purpose=${TOKEN}`), undefined);
  assert.equal(of({}, '/v1beta/models?key=AIza1'), undefined);
});

test('what begins so and is none, and two that differ, have no digest that could be known', () => {
  for (const wrong of ['rmk_', `${TOKEN}=`, TOKEN.slice(0, -1), `${TOKEN} `, 'rmk_'.padEnd(100_000, 'a')])
    assert.equal(of({ 'x-api-key': wrong }), '');
  assert.equal(of({ authorization: `Bearer ${TOKEN}`, 'api-key': OTHER }), '');
  assert.equal(of({ authorization: `Bearer ${TOKEN}` }, `/v1/models?key=${OTHER}`), '');
  assert.equal(of({ authorization: `Bearer ${TOKEN}`, 'api-key': TOKEN }), DIGEST);
  assert.equal(of({ authorization: `Bearer ${TOKEN}`, 'api-key': 'placeholder' }), DIGEST);
});
