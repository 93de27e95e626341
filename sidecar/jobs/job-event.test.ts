import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobEvent } from './job-event.ts';

const END = { id: 'job_openai-chat_0', atMs: Date.UTC(2026, 0, 2, 3, 4, 5), status: 200, headers: { a: '"b"' } };
const textOf = (body: string | Uint8Array, status = 200): string =>
  Buffer.from(jobEvent({ ...END, status, body: Buffer.from(body) })).toString();

test('jobEvent() puts JSON in as it is, to the byte', () => {
  const body = '{"n": 12345678901234567890, "é":1.0}';
  assert.equal(
    textOf(body),
    `{"type":"job.completed","timestamp":"2026-01-02T03:04:05.000Z","data":{"id":"job_openai-chat_0","status":200,"headers":{"a":"\\"b\\""},"body":${body}}}`,
  );
});

test('jobEvent() puts all else in as Base64', () => {
  for (const body of [Buffer.from([0xff, 0xfb]), Buffer.from('1\n2'), Buffer.from('')])
    assert.deepEqual(Buffer.from(JSON.parse(textOf(body)).data.body_base64, 'base64'), body);
});

test('jobEvent() calls an error failed', () => {
  assert.deepEqual(
    [502, 400].map((status) => JSON.parse(textOf('{}', status)).type),
    ['job.failed', 'job.failed'],
  );
});
