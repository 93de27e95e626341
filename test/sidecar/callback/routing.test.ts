/** Jobs are led as the requests that they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, CHAT, idOf, openStage, submit } from './stage.ts';

test('a job of a session goes to the target of that session', async (t) => {
  const targets = ['m', 'n'].map((model) => ({ provider: 'p', model, weight: 1 }));
  const { start } = await openStage(t, { route: { targets, rule: { affinity: 'Session' } } });
  const sidecar = await start();
  const seen = new Set<string>();
  for (const session of ['1', '2', '3', '4', '5', '6', '7', '8']) {
    const headers = { 'content-type': 'application/json', 'x-remora-session': session };
    const plain = await fetch(`${sidecar.url}/v1/chat/completions`, {
      ...{ method: 'POST', headers, body: JSON.stringify(CHAT) },
    });
    const job = await answerOf(sidecar, idOf(await submit(sidecar, 'fetch', { headers })));
    assert.equal(job.headers.get('x-remora-target'), plain.headers.get('x-remora-target'), session);
    seen.add(job.headers.get('x-remora-target') ?? '');
  }
  assert.equal(seen.size, 2);
});
