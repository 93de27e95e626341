/** Whatever comes in, the answer is a documented error in the client's dialect: never a hang, a crash or a bare 500. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { ERROR_CODES } from '#contract/names/error-codes';
import { CHAT, chatBytes, closed, parseAnswer, post, rawExchange } from './raw-http.ts';
import { type PolicyWords, startSidecar, until } from './start-sidecar.ts';

const POLICY: PolicyWords = {
  providers: { m: { type: 'Mock' } },
  routes: [{ models: ['chat', 'summaries'], targets: [{ provider: 'm' }] }],
};

/** Case, bytes, status, code. */
const RAW: readonly (readonly [string, string, number, string])[] = [
  ['two Host headers', chatBytes(CHAT, ['host: a', 'host: b']), 400, 'invalid_host'],
  ['two equal Host headers', chatBytes(CHAT, ['host: a', 'Host: a']), 400, 'invalid_host'],
  ['no Host header', chatBytes(CHAT, []), 400, 'invalid_host'],
  ...['a/b', 'a?b', 'a#b', 'u@a', 'a\\b', ''].map(
    (host) => [`the Host ${JSON.stringify(host)}`, chatBytes(CHAT, [`host: ${host}`]), 400, 'invalid_host'] as const,
  ),
  ['an absolute-form target', chatBytes(CHAT, ['host: a'], 'http://a/v1/chat/completions'), 400, 'invalid_host'],
  [
    'an absolute-form target with another host',
    chatBytes(CHAT, ['host: a'], 'http://b/v1/models'),
    400,
    'invalid_host',
  ],
  ['an unknown header of ours', chatBytes(CHAT, ['host: a', 'X-Remora-Team: other']), 400, 'unknown_header'],
  ['a compressed body', chatBytes(CHAT, ['host: a', 'content-encoding: gzip']), 415, 'unsupported_content_type'],
  ['an unknown path', chatBytes(CHAT, ['host: a'], '/v2/chat'), 404, 'unknown_path'],
  ['an empty body', chatBytes('', ['host: a']), 400, 'invalid_json'],
  [
    'another coding before chunked',
    'POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\nconnection: close\r\n\r\n0\r\n\r\n',
    501,
    'invalid_request',
  ],
  [
    'a method that is not served',
    'GET /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    405,
    'method_not_allowed',
  ],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n', 405, 'method_not_allowed'],
  ['bytes that are not HTTP', 'HELLO\r\n\r\n', 400, 'invalid_request'],
  [
    'both lengths',
    'POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
    'invalid_request',
  ],
  [
    'a malformed chunk in the body',
    'POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    400,
    'invalid_request',
  ],
  ['a head that is too large', chatBytes(CHAT, ['host: a', `x-long: ${'a'.repeat(20_000)}`]), 431, 'invalid_request'],
];

for (const [name, bytes, status, code] of RAW) {
  test(`${name} is answered ${status} ${code}`, async (t) => {
    const running = await startSidecar(t, { policy: POLICY });
    const answer = parseAnswer(await rawExchange(running.port, bytes));
    assert.equal(answer.status, status, answer.body);
    const { error } = JSON.parse(answer.body);
    assert.equal(error.remora?.code ?? error.code, code);
    assert.ok(error.message.length > 0);
    assert.equal(running.faults.length, 0);
  });
}

const deep = `${'['.repeat(80)}${']'.repeat(80)}`;

/** Case, body, status, code, param. */
const BODIES: readonly (readonly [string, string, number, keyof typeof ERROR_CODES, string?])[] = [
  ['malformed JSON', '{"model":"chat",', 400, 'invalid_json'],
  ['JSON that is no object', '[1]', 400, 'invalid_json'],
  ['JSON that nests too deep', `{"model":"chat","messages":[],"x":${deep}}`, 400, 'invalid_json'],
  ['a key twice', '{"model":"chat","messages":[],"model":"other"}', 400, 'duplicate_key', 'model'],
  ['a key twice, once escaped', '{"model":"chat","messages":[],"mod\\u0065l":"other"}', 400, 'duplicate_key', 'model'],
  ['a key that differs in case only', '{"model":"chat","messages":[],"Model":"other"}', 400, 'duplicate_key', 'model'],
  ['messages of a wrong type', '{"model":"chat","messages":"hi"}', 400, 'invalid_request', 'messages'],
  ['an unknown model', '{"model":"chut","messages":[{"role":"user","content":"x"}]}', 404, 'unknown_model', 'model'],
];

for (const [name, body, status, code, param] of BODIES) {
  test(`${name} is answered ${status} ${code}`, async (t) => {
    const running = await startSidecar(t, { policy: POLICY });
    const answer = await post(running.url, body);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json().error.remora.code, code);
    if (param !== undefined) assert.equal(answer.json().error.param, param);
    assert.equal(answer.headers.get('x-should-retry'), 'false');
    assert.equal(running.records[0]?.outcome, code);
    assert.equal(running.gate.reserved.length, 0);
  });
}

test('an unknown model is answered with the names that are nearest', async (t) => {
  const running = await startSidecar(t, { policy: POLICY });
  const answer = await post(running.url, CHAT.replace('"chat"', '"chatt"'));
  assert.match(answer.json().error.message, /chat, summaries/);
});

test('a body declared over the limit is refused before it is sent', async (t) => {
  const running = await startSidecar(t, {
    policy: POLICY,
    config: { limits: { bodyBytes: 1_000, retainedBytes: 10_000, connections: 10, requests: 100 } },
  });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2000\r\n\r\n`;
  const answer = parseAnswer(await rawExchange(running.port, head, 'a'.repeat(2_000)));
  assert.equal(answer.status, 413);
  assert.equal(JSON.parse(answer.body).error.remora.code, 'body_too_large');
});

test('a chunked body that grows over the limit is refused, and the client can read why while it still sends', async (t) => {
  const running = await startSidecar(t, {
    policy: POLICY,
    config: { limits: { bodyBytes: 1_000, retainedBytes: 10_000_000, connections: 10, requests: 100 } },
  });
  const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
  const chunk = `${(1_000_000).toString(16)}\r\n${'a'.repeat(1_000_000)}\r\n`;
  const answer = parseAnswer(await rawExchange(running.port, head, chunk, chunk, '0\r\n\r\n'));
  assert.equal(answer.status, 413);
  assert.equal(answer.headers.connection, 'close');
});

test('a client that waits for 100 Continue is refused without sending its body', async (t) => {
  const running = await startSidecar(t, {
    policy: POLICY,
    config: { limits: { bodyBytes: 1_000, retainedBytes: 10_000, connections: 10, requests: 100 } },
  });
  const socket = connect(running.port, '127.0.0.1');
  t.after(async () => void socket.destroy());
  socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2000\r\n\r\n');
  const first = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  assert.match(first, /^HTTP\/1\.1 413 /);
});

test('more request bytes than the process may hold are refused with Retry-After, and taken again once others are done', async (t) => {
  const running = await startSidecar(t, {
    policy: { ...POLICY, routes: [{ models: ['chat'], targets: [{ provider: 'm', model: 'stall' }] }] },
    config: { limits: { bodyBytes: 10_000, retainedBytes: 10_000, connections: 10, requests: 100 } },
  });
  const big = JSON.stringify({ ...JSON.parse(CHAT), user: 'u'.repeat(6_000) });
  const holder = connect(running.port, '127.0.0.1');
  holder.write(chatBytes(big));
  await until(() => running.gate.reserved.length === 1, 'the first request is under way');
  const refused = await post(running.url, big);
  assert.equal(refused.status, 503);
  assert.equal(refused.json().error.remora.code, 'overloaded');
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal(refused.headers.get('x-should-retry'), 'true');
  holder.destroy();
  await closed(holder);
  await until(() => running.records.length === 2, 'the first request is over');
  const again = connect(running.port, '127.0.0.1');
  t.after(async () => void again.destroy());
  again.write(chatBytes(big));
  await until(() => running.gate.reserved.length === 2, 'the third request is under way');
});

test('a sidecar without a policy answers 503 and says when to come back', async (t) => {
  const running = await startSidecar(t);
  const answer = await post(running.url, CHAT);
  assert.equal(answer.status, 503);
  assert.equal(answer.json().error.remora.code, 'policy_not_ready');
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.equal((await fetch(`${running.url}/v1/models`)).status, 503);
});

test('a refused policy leaves the last good one in force and says why', async (t) => {
  const running = await startSidecar(t, { policy: POLICY });
  const { policyOf } = await import('./start-sidecar.ts');
  const bad = policyOf({ providers: {}, routes: [{ targets: [{ provider: 'nowhere' }] }] });
  const result = running.sidecar.sink.applyPolicy(bad, 'hash-2');
  assert.deepEqual(result, {
    applied: false,
    reason: 'AIRoute default/route-0: AIProvider default/nowhere is not in the policy',
  });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-remora-policy'), 'hash-1');
});

test('a request that is refused by its head is on the record like any other', async (t) => {
  const running = await startSidecar(t, { policy: POLICY });
  await rawExchange(running.port, chatBytes(CHAT, ['host: a'], '/v2/chat'));
  assert.deepEqual(
    running.records.map(({ outcome, status, attempts }) => ({ outcome, status, attempts: attempts.length })),
    [{ outcome: 'unknown_path', status: 404, attempts: 0 }],
  );
});
