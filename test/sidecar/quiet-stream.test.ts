/** A model that thinks for minutes sends nothing, and what stands between cuts idle connections: some after two minutes, many after one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { STREAMED_CHAT } from './raw-http.ts';
import { startIngress } from './start-ingress.ts';

test('a stream that is quiet for 15 seconds gets a comment, which clients do not see, and goes on', async (t) => {
  const clock = { nowMs: 0 };
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const quiet = Promise.withResolvers<void>();
  provider.respondWith({ text: 'one two', hold: { afterEvents: 2, until: quiet.promise } });
  const deadlines = new Deadlines(() => clock.nowMs);
  // In steps: time that passes at once is a pause of the process.
  const pass = (ms: number): void => {
    for (const until = clock.nowMs + ms; clock.nowMs < until; deadlines.tick()) clock.nowMs += 200;
  };
  const url = await startIngress(t, { endpoint: provider.url, deadlines });
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: STREAMED_CHAT,
  });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes(': waiting\n\n')) quiet.resolve();
    else if (text.includes('"one"')) pass(15_000);
  }
  assert.match(text, /"one".*\n\n: waiting\n\ndata: .*" two".*data: \[DONE\]\n\n$/s);
});
