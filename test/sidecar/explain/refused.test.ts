/** What `x-remora-explain` refuses instead of doing it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADERS, MOCKS, started } from './stage.ts';

const wrong: readonly [string, Readonly<Record<string, string>>, RegExp, string?][] = [
  ['any other value than true', { 'x-remora-explain': 'yes' }, /x-remora-explain must be true/],
  ['a job', { 'x-remora-callback': 'fetch' }, /A job cannot be explained/],
  ['feedback', {}, /Feedback goes nowhere/, '/v1/feedback'],
];
for (const [what, headers, message, path = '/v1/chat/completions'] of wrong)
  test(`x-remora-explain refuses ${what}`, async (t) => {
    const { running } = await started(t, { providers: MOCKS, routes: [{ targets: [{ provider: 'a' }] }] });
    const response = await fetch(`${running.url}${path}`, {
      method: 'POST',
      headers: { ...HEADERS, ...headers },
      body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }),
    });
    assert.equal(response.status, 400);
    assert.match(await response.text(), message);
  });

test('a sidecar that others than its pod can reach explains nothing', async (t) => {
  const { running } = await started(
    t,
    { providers: MOCKS, routes: [{ targets: [{ provider: 'a' }] }] },
    { config: { ingress: { host: '0.0.0.0', port: 0 } } },
  );
  const response = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  assert.equal(response.status, 400);
});

test('what is asked of a job is refused and not done, where it was to be explained', async (t) => {
  const { running } = await started(t, {
    providers: { mock: { type: 'Mock' } },
    routes: [{ targets: [{ provider: 'mock' }] }],
  });
  for (const method of ['GET', 'DELETE']) {
    const response = await fetch(`${running.url}/v1/remora/jobs/job_openai-chat_${'0'.repeat(32)}`, {
      method,
      headers: HEADERS,
    });
    assert.equal(response.status, 400);
    assert.match(JSON.stringify(await response.json()), /What is asked of a job cannot be explained/);
  }
});
