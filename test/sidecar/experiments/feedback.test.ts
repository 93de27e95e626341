/** Apps say what an answer was worth, and that is counted for whoever gave it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { createTelemetry } from '#sidecar/telemetry/telemetry';
import { CHAT, post } from '#test/sidecar/raw-http';
import { type StageWords, startExperiment, type TestContext } from './start-experiment.ts';

async function startRated(t: TestContext, words: StageWords = {}) {
  const lines: string[] = [];
  const telemetry = await createTelemetry({
    serviceName: 'test',
    now: Date.now,
    destination: { write: (line) => void lines.push(line) },
  });
  t.after(() => telemetry.close());
  const { processDeps } = await import('#sidecar/sidecar');
  const { onFeedback, onRolledBack } = processDeps(telemetry, { reserve: () => assert.fail('no use') });
  const deps = {
    telemetry,
    metrics: telemetry.metrics,
    ...(onFeedback && { onFeedback }),
    ...(onRolledBack && { onRolledBack }),
  };
  const stage = await startExperiment(t, { ...words, options: { deps: { ...deps, ...words.options?.deps } } });
  const { url, healthUrl } = stage.running;
  return {
    ...stage,
    lines,
    give: (body: object | string, method = 'POST') =>
      fetch(`${url}/v1/feedback`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    answered: async (headers: Record<string, string> = {}) =>
      String((await post(url, CHAT, headers)).headers.get('x-request-id')),
    page: async (path: string) => (await fetch(`${healthUrl}${path}`)).text(),
  };
}

const LABELS = 'route="default/route-0",target="trial/m",variant="trial"';

test('a rating and a score count for the route, target and variant that answered, once each', async (t) => {
  const { give, answered, page, lines } = await startRated(t);
  const [first, second] = [await answered(), await answered()];
  const labels = { screen: 'reply-box' };
  for (const _ of ['sent', 'sent again']) {
    const taken = await give({ request_id: first, rating: 'up', comment: 'a canary word', labels });
    assert.deepEqual([taken.status, await taken.text()], [204, '']);
    assert.equal(taken.headers.get('content-length'), null);
    assert.ok(taken.headers.get('x-request-id'));
  }
  assert.equal((await give({ request_id: second, score: 0.25 })).status, 204);
  const metrics = await page('/metrics');
  assert.ok(metrics.includes(`remora_feedback_score_sum{${LABELS}} 1.25`), metrics);
  assert.ok(metrics.includes(`remora_feedback_score_count{${LABELS}} 2`));
  const told = lines.filter((line) => line.includes('"msg":"feedback"')).map((line) => JSON.parse(line));
  assert.equal(told.length, 2);
  assert.deepEqual([told[0].requestId, told[0].score, told[0].variant, told[0].labels], [first, 1, 'trial', labels]);
  assert.ok(!lines.join('').includes('canary') && !metrics.includes('canary'), 'a comment goes nowhere');
  const { variants } = JSON.parse(await page('/variants'));
  assert.deepEqual(variants[1].feedback, { given: 2, meanScore: 0.625 });
});

test('answers of routes without variants are rated, too', async (t) => {
  const { give, answered, page } = await startRated(t, {
    policy: { routes: [{ targets: [{ provider: 'ordinary' }] }] },
  });
  assert.equal((await give({ request_id: await answered(), rating: 'down' })).status, 204);
  assert.match(await page('/metrics'), /remora_feedback_score_sum{route="default\/route-0",target="ordinary\/m"} 0\n/);
  assert.deepEqual(JSON.parse(await page('/variants')), { variants: [] });
});

test('the official client gives feedback with the request id of its own answer', async (t) => {
  const { running, page } = await startRated(t);
  const client = new OpenAI({ apiKey: 'none', baseURL: `${running.url}/v1`, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Say hello.' }];
  const plain = await client.chat.completions.create({ model: 'chat', messages });
  const streamed = await client.chat.completions.create({ model: 'chat', messages, stream: true }).withResponse();
  for await (const _ of streamed.data);
  for (const request_id of [plain._request_id, streamed.request_id])
    await client.post('/feedback', { body: { request_id, rating: 'up' } });
  assert.ok((await page('/metrics')).includes(`remora_feedback_score_sum{${LABELS}} 2`));
});

const WRONG: readonly (readonly [string, object | string, RegExp])[] = [
  ['names no request', { rating: 'up' }, /^request_id is required/],
  ['says nothing', { request_id: 'r' }, /^The body must have either rating or score/],
  ['says it twice', { request_id: 'r', rating: 'up', score: 1 }, /^The body must have either rating or score/],
  ['has another word', { request_id: 'r', rating: 'great' }, /^rating must be one of up, down/],
  ['has a score above 1', { request_id: 'r', score: 7 }, /^score must be at most 1/],
  ['has a score in words', { request_id: 'r', score: '0.5' }, /^score must be a number/],
  ['has a member that is not known', { request_id: 'r', rating: 'up', stars: 5 }, /^The body must have no members but/],
  ['has a long comment', { request_id: 'r', rating: 'up', comment: 'a'.repeat(5_000) }, /^comment must have at most/],
  ['has a label with a space', { request_id: 'r', rating: 'up', labels: { a: 'b c' } }, /^labels.a must be at most 63/],
  [
    'has too many labels',
    { request_id: 'r', rating: 'up', labels: Object.fromEntries([...'abcdefghi'].map((name) => [name, 'x'])) },
    /^labels must have at most 8/,
  ],
];

test('feedback that is malformed is refused by one sentence of cause and one of next step', async (t) => {
  const { give, page } = await startRated(t);
  for (const [when, body, cause] of WRONG) {
    const answer = await give(body);
    const { error } = (await answer.json()) as { error: { message: string; code: string } };
    assert.equal(answer.status, 400, when);
    assert.match(error.message, cause, when);
    assert.match(error.message, /\. Correct it and send the feedback again\.$/, when);
    assert.equal(error.code, 'invalid_request');
  }
  assert.equal((await give('{"request_id"')).status, 400);
  assert.equal((await give({ request_id: 'r', rating: 'up', comment: 'a'.repeat(20_000) })).status, 413);
  assert.equal((await give({}, 'GET')).status, 405);
  assert.ok(!(await page('/metrics')).includes('remora_feedback_score_count'));
});
