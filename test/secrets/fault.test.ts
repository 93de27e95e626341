/** A fault of our own that quotes the request and the key: the client, the log and the metrics learn that it happened, and where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultLogger } from '#sidecar/telemetry/fault-log';
import { createTelemetry } from '#sidecar/telemetry/telemetry';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { assertClean, canaryOf } from './canary.ts';

const KEY = canaryOf('key');

test('a fault that quotes prompt and key is told by its class and place alone', async (t) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const telemetry = await createTelemetry({ logLevel: 'trace', serviceName: 'test', now: Date.now, destination });
  t.after(() => telemetry.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { openai: { type: 'OpenAI', endpoint: 'http://127.0.0.1:1', credential: 'key' } },
      routes: [{ targets: [{ provider: 'openai', weight: 1 }] }],
    },
    credentials: { key: KEY.value },
    deps: {
      telemetry,
      metrics: telemetry.metrics,
      onFault: faultLogger(telemetry.log),
      random: () => {
        throw Object.assign(new RangeError(`${KEY.value} of ${CHAT}`, { cause: KEY.value }), { request: KEY });
      },
    },
  });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.json().error.remora.code, 'internal');
  const metrics = await (await fetch(`${running.healthUrl}/metrics`)).text();
  const log = lines.join('');
  assert.match(log, /"error":"RangeError","stack":\["at .*fault\.test\.ts/);
  assert.match(log, /"outcome":"internal"/);
  const places = { answer: answer.text, heads: JSON.stringify([...answer.headers]), log, metrics };
  assertClean([KEY], places);
  for (const text of Object.values(places)) assert.ok(!text.includes('Say hello'));
});

test('a key that no header can carry is refused in words that do not show it', async (t) => {
  for (const spoilt of [`${KEY.value}\n${KEY.value}`, `${KEY.value}\u0000`, `ключ ${KEY.value}`]) {
    const running = await startSidecar(t, {
      policy: {
        providers: { openai: { type: 'OpenAI', endpoint: 'http://127.0.0.1:1', credential: 'key' } },
        routes: [{ targets: [{ provider: 'openai' }] }],
      },
      credentials: { key: spoilt },
    });
    const answer = await post(running.url, CHAT);
    assertClean([KEY], { answer: answer.text, heads: JSON.stringify([...answer.headers]) });
    assert.equal(answer.json().error.remora.code, 'no_target');
    assert.match(
      answer.json().error.message,
      /Check that the Secrets of AIProvider default\/openai hold their keys, each on one line/,
    );
    assert.equal(running.faults.length, 0);
  }
});
