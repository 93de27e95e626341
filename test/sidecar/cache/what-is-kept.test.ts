/** Which answers are given again and which are not: for how long, to whom, under which policy, and what they cost. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { requestLine } from '#sidecar/telemetry/log';
import { openStream } from '#test/sidecar/open-stream';
import { gatedPolicy } from '#test/sidecar/start-gated';
import { policyOf, until } from '#test/sidecar/start-sidecar';
import { buildBudget, buildGuardrail } from '#test/support/build-policy';
import {
  ADA,
  ask,
  CACHE,
  type CacheStage,
  type CacheStageOptions,
  policyWords,
  startCacheStage,
} from './cache-stage.ts';

const PATH = '/v1/chat/completions';
const CHAT = { model: 'chat', max_tokens: 100, messages: [{ role: 'user', content: 'Say hello.' }] };
const STREAM = { ...CHAT, stream: true };
const BOB = { 'x-remora-user': 'bob' };

const chat = (stage: CacheStage, body: object = CHAT, headers: Record<string, string> = { ...ADA }) =>
  ask(stage, PATH, body, headers);

/** What the cache did for each request, one after the other. */
async function results(stage: CacheStage, ...asked: readonly [object, Record<string, string>?][]) {
  for (const [body, headers] of asked) assert.equal((await chat(stage, body, headers)).status, 200);
  return stage.results();
}

test('an answer is given again until its time is over', async (t) => {
  const stage = await startCacheStage(t);
  await results(stage, [CHAT]);
  stage.clock.ms += CACHE.ttlMs - 1;
  await results(stage, [CHAT]);
  stage.clock.ms += 1;
  assert.deepEqual(await results(stage, [CHAT]), ['miss', 'hit', 'miss']);
});

test('a hit does not make an answer live longer', async (t) => {
  const stage = await startCacheStage(t);
  await results(stage, [CHAT]);
  for (const _ of [1, 2]) {
    stage.clock.ms += CACHE.ttlMs / 2;
    await results(stage, [CHAT]);
  }
  assert.deepEqual(stage.results(), ['miss', 'hit', 'miss']);
});

test('a route without a cache says nothing of one', async (t) => {
  const stage = await startCacheStage(t, { route: { cache: undefined } as never });
  assert.equal((await chat(stage)).cache, null);
  assert.deepEqual(stage.results(), [undefined]);
});

test('users share nothing unasked, and who names none gets no answer of anybody', async (t) => {
  const stage = await startCacheStage(t);
  assert.deepEqual(await results(stage, [CHAT, ADA], [CHAT, BOB], [CHAT, {}], [CHAT, {}], [CHAT, ADA]), [
    ...['miss', 'miss', 'skip', 'skip', 'hit'],
  ]);
  // As the body names it, where no header does.
  assert.deepEqual((await results(stage, [{ ...CHAT, user: 'ada' }, {}])).at(-1), 'hit');
  assert.equal(stage.provider.requests.length, 4);
  // Only the beginning of a long name is known.
  for (const end of ['a', 'b']) {
    const { cache } = await chat(stage, CHAT, { 'x-remora-user': 'u'.repeat(256) + end });
    assert.equal(cache, 'skip');
  }
});

test('answers of a session are for that session, and those of a workload for all', async (t) => {
  const session = await startCacheStage(t, { route: { cache: { ...CACHE, scope: 'Session' } } });
  const [one, two] = [{ 'x-remora-session': '1' }, { 'x-remora-session': '2' }];
  assert.deepEqual(await results(session, [CHAT, one], [CHAT, two], [CHAT, { ...one, ...BOB }], [CHAT, ADA]), [
    ...['miss', 'miss', 'hit', 'skip'],
  ]);
  const workload = await startCacheStage(t, { route: { cache: { ...CACHE, scope: 'Workload' } } });
  assert.deepEqual(await results(workload, [CHAT, ADA], [CHAT, BOB], [CHAT, {}]), ['miss', 'hit', 'hit']);
});

test('a client that wants an answer of its own gets one: no-cache keeps it for others, no-store does not', async (t) => {
  const stage = await startCacheStage(t);
  const [noCache, noStore] = ['no-cache', 'no-store'].map((wish) => ({ ...ADA, 'x-remora-cache': wish }));
  stage.provider.respondOnce({ text: 'first' }, { text: 'second' }, { text: 'third' });
  const skipped = await chat(stage, CHAT, noStore);
  assert.deepEqual([skipped.cache, (await chat(stage)).cache], ['skip', 'miss']);
  assert.equal((await chat(stage, CHAT, noCache)).cache, 'skip');
  const again = await chat(stage);
  assert.equal(again.cache, 'hit');
  assert.match(again.text, /third/);
  const wrong = await chat(stage, CHAT, { 'x-remora-cache': 'max-age=0' });
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /x-remora-cache must be no-cache or no-store/);
});

const NOT_KEPT: Readonly<Record<string, { readonly script: object; readonly body: object; readonly status?: number }>> =
  {
    'a stream that breaks': { script: { text: 'one two three', fault: { kind: 'cut', afterEvents: 3 } }, body: STREAM },
    'an answer that the maximum of tokens ended': { script: { finishReason: 'length' }, body: CHAT },
    'a stream that the maximum of tokens ended': { script: { finishReason: 'length' }, body: STREAM },
    'an answer that the provider filtered': { script: { finishReason: 'content_filter' }, body: CHAT },
    'an error': { script: { fault: { kind: 'status', status: 500 } }, body: CHAT, status: 502 },
    'an error inside a stream': { script: { fault: { kind: 'error-in-stream', afterEvents: 2 } }, body: STREAM },
  };

for (const [what, { script, body, status = 200 }] of Object.entries(NOT_KEPT))
  test(`${what} is not given again`, async (t) => {
    const stage = await startCacheStage(t, { route: { retry: { on: [] } } });
    stage.provider.respondWith(script);
    for (const _ of [1, 2]) assert.equal((await chat(stage, body).catch(() => ({ status }))).status, status);
    await until(() => stage.running.records.length === 2, 'both are over');
    assert.deepEqual(stage.results(), ['miss', 'miss']);
    assert.equal(stage.provider.requests.length, 2);
  });

test('what a client did not wait for is not given again', async (t) => {
  const stage = await startCacheStage(t);
  const held = Promise.withResolvers<void>();
  stage.provider.respondOnce({ text: 'one two three', hold: { afterEvents: 3, until: held.promise } });
  const answer = openStream(t, stage.running.url, JSON.stringify({ ...STREAM, user: 'ada' }));
  await until(() => answer.text().includes('one'), 'it has begun');
  answer.leave();
  await until(() => stage.running.records.length === 1, 'it has left');
  held.resolve();
  assert.deepEqual(await results(stage, [STREAM]), ['miss', 'miss']);
});

const MASK = buildGuardrail({ patterns: ['hello'], action: 'Mask' });
const BLOCK = buildGuardrail({ patterns: ['hello'], action: 'Block' });

test('guardrails of the output work on each hit, and what they block is not kept', async (t) => {
  const masking = await startCacheStage(t, { policy: { guardrails: [MASK] } });
  masking.provider.respondWith({ text: 'I say hello to you.' });
  for (const body of [CHAT, STREAM, CHAT]) assert.doesNotMatch((await chat(masking, body)).text, /hello/);
  assert.deepEqual(masking.results(), ['miss', 'hit', 'hit']);
  assert.deepEqual(
    masking.running.records.map(({ guardrailActions }) => guardrailActions.length),
    [1, 1, 1],
  );
  const blocking = await startCacheStage(t, { policy: { guardrails: [BLOCK] } });
  blocking.provider.respondWith({ text: 'I say hello to you.' });
  for (const body of [CHAT, STREAM, CHAT]) await chat(blocking, body);
  assert.deepEqual(blocking.results(), ['miss', 'miss', 'miss']);
});

/** The same sidecar under another policy. */
function apply(stage: CacheStage, options: CacheStageOptions): void {
  const policy = policyOf(gatedPolicy(stage.provider.url, policyWords(options)));
  assert.ok(stage.running.sidecar.sink.applyPolicy(policy, 'hash-2').applied);
}

test('another guardrail, another route: what was answered before is answered anew', async (t) => {
  const stage = await startCacheStage(t);
  stage.provider.respondWith({ text: 'I say hello to you.' });
  await results(stage, [CHAT]);
  apply(stage, { policy: { guardrails: [MASK] } });
  assert.doesNotMatch((await chat(stage)).text, /hello/);
  apply(stage, { route: { onUnsupported: 'Drop' } });
  assert.match((await chat(stage)).text, /hello/);
  // And as it was before.
  apply(stage, {});
  assert.deepEqual(await results(stage, [CHAT]), ['miss', 'miss', 'miss', 'hit']);
});

test('whoever may not be asked any more is not heard any more', async (t) => {
  const targets = [
    { provider: 'p', model: 'gpt-4o' },
    { provider: 'p', model: 'gpt-4o-mini' },
  ];
  const stage = await startCacheStage(t, { route: { targets } });
  await results(stage, [CHAT], [CHAT]);
  const modelRules = [{ policy: 'default/none', allow: [], deny: ['p/gpt-4o'] }];
  apply(stage, { route: { targets }, policy: { modelRules } });
  assert.deepEqual(await results(stage, [CHAT], [CHAT]), ['miss', 'hit', 'miss', 'hit']);
  assert.deepEqual(
    stage.running.records.map(({ answeredBy }) => answeredBy),
    ['p/gpt-4o', 'p/gpt-4o', 'p/gpt-4o-mini', 'p/gpt-4o-mini'],
  );
});

test('what a kill switch stops is refused, also where it was answered before', async (t) => {
  const stage = await startCacheStage(t);
  await results(stage, [CHAT], [CHAT, BOB]);
  const stopped = { where: { user: 'ada' }, stop: { reason: 'ada runs wild' } };
  apply(stage, { policy: { budgets: [buildBudget('default/limits/ada', 1_000_000n, stopped)] } });
  const refused = await chat(stage);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /ada runs wild/);
  assert.equal((await chat(stage, CHAT, BOB)).cache, 'hit');
});

test('a hit is given while nobody can be asked', async (t) => {
  const stage = await startCacheStage(t, { route: { retry: { on: [] } } });
  await results(stage, [CHAT]);
  stage.provider.respondWith({ fault: { kind: 'reset-before-head' } });
  assert.equal((await chat(stage, { ...CHAT, seed: 1 })).status, 502);
  assert.deepEqual(await results(stage, [CHAT]), ['miss', 'miss', 'hit']);
});

test('a rule with variants measures each answer, so that none is given twice', async (t) => {
  const variants = [{ name: 'trial', percent: 50, target: { provider: 'p', model: 'gpt-4o-mini' } }];
  const stage = await startCacheStage(t, { route: { variants } });
  assert.deepEqual(await results(stage, [CHAT], [CHAT]), ['skip', 'skip']);
});

test('a hit takes nothing of a limit, and is given where nothing is left', async (t) => {
  const budgets = [
    buildBudget('default/limits/requests', 1n, { unit: 'requests' }),
    buildBudget('default/limits/tokens', 2_000n),
  ];
  const stage = await startCacheStage(t, { policy: { budgets } });
  await results(stage, [CHAT], [CHAT], [STREAM]);
  const refused = await chat(stage, { ...CHAT, messages: [{ role: 'user', content: 'Say something else.' }] });
  assert.equal(refused.status, 429, 'one request an hour is all that there is');
  assert.deepEqual(await results(stage, [CHAT]), ['miss', 'hit', 'hit', 'miss', 'hit']);
  await until(() => stage.rows().length === 5, 'all rows are kept');
  assert.deepEqual(
    stage.rows().map(({ outcome }) => outcome),
    ['ok', 'cached', 'cached', 'refused', 'cached'],
  );
  assert.equal(
    stage.rows().reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0),
    50,
  );
});

test('a hit takes nobody’s place and waits for nobody', async (t) => {
  const concurrency = { perPod: { max: 1, queue: 0, deadlineMs: 1_000 } };
  const stage = await startCacheStage(t, { route: { concurrency } });
  await results(stage, [CHAT]);
  const held = Promise.withResolvers<void>();
  stage.provider.respondOnce({ holdHead: held.promise });
  const waiting = chat(stage, { ...CHAT, seed: 1 });
  await until(() => stage.provider.requests.length === 2, 'the place is taken');
  assert.equal((await chat(stage, { ...CHAT, seed: 2 })).status, 503);
  assert.equal((await chat(stage)).cache, 'hit');
  held.resolve();
  assert.equal((await waiting).status, 200);
});

async function bounded(t: TestContext, cache: Partial<typeof DEFAULT_SIDECAR_CONFIG.cache>) {
  return startCacheStage(t, { config: { cache: { ...DEFAULT_SIDECAR_CONFIG.cache, ...cache } } });
}

test('an answer over its bound is not kept, whole or streamed, and the client has all of it', async (t) => {
  const stage = await bounded(t, { answerBytes: 2_000 });
  const [plain, streamed] = [CHAT, STREAM].map((body) => ({ ...body, max_tokens: 5_000 })) as [object, object];
  const text = 'word '.repeat(1_000).trim();
  stage.provider.respondWith({ text });
  for (const body of [plain, streamed]) {
    for (const _ of [1, 2]) assert.ok((await chat(stage, body)).text.length > text.length);
  }
  assert.deepEqual(stage.results(), ['miss', 'miss', 'miss', 'miss']);
  // Many pieces of few words are few bytes.
  stage.provider.respondWith({ text: 'word '.repeat(100).trim() });
  assert.deepEqual((await results(stage, [streamed], [plain])).slice(-2), ['miss', 'hit']);
});

test('metrics tell of hits, misses, what is skipped, the memory and what had to go; the log line of each', async (t) => {
  const stage = await bounded(t, { most: 1 });
  await results(stage, [CHAT], [CHAT], [{ ...CHAT, seed: 1 }], [CHAT, {}]);
  const metrics = await stage.metrics.text();
  for (const [result, count] of [
    ['hit', 1],
    ['miss', 2],
    ['skip', 1],
  ] as const)
    assert.match(
      metrics,
      new RegExp(`remora_cache_requests_total{route="default/route-0",result="${result}"} ${count}\n`),
    );
  assert.match(metrics, /\nremora_cache_evictions_total 1\n/);
  const bytes = Number(/\nremora_cache_bytes (\d+)\n/.exec(metrics)?.[1]);
  assert.ok(bytes > 512 && bytes < 2_000, String(bytes));
  assert.deepEqual(
    stage.running.records.map((record) => JSON.parse(requestLine(record)).cache),
    ['miss', 'hit', 'miss', 'skip'],
  );
  // Without a route that has a cache there is none.
  apply(stage, { route: { cache: undefined } as never });
  assert.match(await stage.metrics.text(), /\nremora_cache_bytes 0\n/);
});
