/** What a policy says holds for what is kept, too: no batch, file or stored answer is a way around models, budgets and guardrails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIError, toFile } from 'openai';
import type { PolicyBudget } from '#contract/policy/policy';
import { MASK_ANSWERS, MASK_EMAIL } from '#test/sidecar/operations/start-operations';
import { buildBudget } from '#test/support/build-policy';
import { lineOf, startAccount, startAnthropic, startOne } from './start-accounts.ts';

const upload = (lines: readonly string[]) => ({
  file: new File([lines.join('\n')], 'calls.jsonl'),
  purpose: 'batch' as const,
});

const isRefused = (code: string, message: RegExp) => (thrown: unknown) =>
  thrown instanceof APIError && thrown.code === code && message.test(thrown.message);

const ROUTES = [
  { models: ['chat'], targets: [{ provider: 'a', model: 'small' }] },
  { models: ['big'], targets: [{ provider: 'a', model: 'large' }] },
  { models: ['*'], match: { headers: [{ name: 'x-any', value: 'yes' }] }, targets: [{ provider: 'a', model: '*' }] },
];

test('each line of a batch file asks for a model that a route has at that account and the AIPolicies allow', async (t) => {
  const modelRules = [{ policy: 'sys/org', allow: [], deny: ['a/large'] }];
  const { a, client } = await startOne(t, { routes: ROUTES, modelRules });
  for (const [lines, code, message] of [
    [
      [lineOf('1', 'small'), lineOf('2', 'huge')],
      'model_not_allowed',
      /Line 2 of the file asks for `huge`, which no AIRoute of this workload has at AIProvider default\/a\. Ask for one of small,/,
    ],
    [[lineOf('1', 'large')], 'model_not_allowed', /Line 1 .* which AIPolicy sys\/org does not allow/],
    [[lineOf('1', 'chat')], 'model_not_allowed', /as the provider names them/],
    [['', '{"custom_id":"1"}'], 'invalid_request', /line 2 of the file must be an object whose body names a model/],
    [['no json'], 'invalid_request', /line 1 of the file must be one JSON object/],
    [['{"body":{"model":"small"},"body":{"model":"small"}}'], 'invalid_request', /has the key body once/],
    [['{"body":{"model":"large","model":"small"}}'], 'invalid_request', /has the key model once/],
    [['{"body":{"model":"small","Model":"large"}}'], 'invalid_request', /has the key model once/],
    [['{"body":{"model":"small","messages":[1],"messages":[]}}'], 'invalid_request', /has the key messages once/],
    [
      ['{"body":{"model":"small","Messages":[1],"messages":[]}}'],
      'invalid_request',
      /has the key messages once|key Messages/,
    ],
    [['{"body":{"\\u006dodel":"large","model":"small"}}'], 'invalid_request', /has the key model once/],
  ] as const)
    await assert.rejects(client.files.create(upload(lines)), isRefused(code, message), message.source);
  assert.equal(a.requests.length, 0);
  await client.files.create(upload([lineOf('1', 'small'), '', lineOf('2', 'small'), '\r']));
  const headers = { 'x-any': 'yes' };
  await client.files.create(upload([lineOf('1', 'huge')]), { headers });
  await assert.rejects(
    client.files.create(upload([lineOf('1', 'large')]), { headers }),
    isRefused('model_not_allowed', /sys\/org/),
  );
  assert.equal(a.requests.length, 2);
});

test('an account that does not share what it keeps answers calls of models, and goes on with what it answered', async (t) => {
  const a = await startAccount(t, 'a');
  const providers = {
    a: { type: 'OpenAI' as const, endpoint: a.url, credential: 'a', keptObjects: 'Refused' as const },
  };
  const { client } = await startOne(t, { providers });
  const { id } = await client.responses.create({ model: 'chat', input: 'Hello.' });
  await client.responses.create({ model: 'chat', input: 'Go on.', previous_response_id: id });
  for (const ask of [() => client.files.list(), () => client.responses.retrieve(id)])
    await assert.rejects(ask(), isRefused('kept_refused', /default\/a keeps is not shared/));
  assert.equal(a.requests.length, 2);
});

test('an AIPolicy that allows some models of an account leaves what it keeps, and no batch of the others', async (t) => {
  const { a, client } = await startOne(t, {
    routes: [{ models: ['*'], targets: [{ provider: 'a', model: '*' }] }],
    modelRules: [{ policy: 'sys/org', allow: ['a/small-*'], deny: [] }],
  });
  await client.files.create(upload([lineOf('1', 'small-1')]));
  await assert.rejects(
    client.files.create(upload([lineOf('1', 'large-1')])),
    isRefused('model_not_allowed', /AIPolicy sys\/org does not allow\. Ask for an allowed model,/),
  );
  assert.equal(a.requests.length, 1);
});

test('an account that an AIPolicy denies altogether keeps nothing for this workload', async (t) => {
  const { a, client } = await startOne(t, { modelRules: [{ policy: 'sys/org', allow: ['elsewhere/*'], deny: [] }] });
  await assert.rejects(
    client.files.list(),
    isRefused('model_not_allowed', /AIPolicy sys\/org allows no target of AIProvider default\/a/),
  );
  assert.equal(a.requests.length, 0);
});

for (const unit of ['nanoUsd', 'tokens'] as const)
  test(`under a budget in ${unit} no batch begins, and all else about files and batches goes on`, async (t) => {
    const budgets = [buildBudget('sys/env/dev', 1_000n, { unit })];
    const { a, running, client } = await startOne(t, { budgets });
    const file = await client.files.create(upload([lineOf('1', 'real-model')]));
    const batch = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
    await assert.rejects(
      client.batches.create(batch),
      isRefused('spend_unbounded', /AIBudget sys\/env limit dev holds for this workload/),
    );
    assert.equal((await client.batches.list()).data.length, 0);
    assert.equal(a.requests.length, 2);
    assert.deepEqual(
      running.gate.reserved.map(({ budgets: counted }) => counted),
      [[], []],
    );
  });

test('a batch begins where every limit is of another user or provider, and not under one of a model, which it may name', async (t) => {
  const limit = (where: PolicyBudget['where']) => buildBudget('sys/env/dev', 1_000n, { where });
  const batchUnder = async (where: PolicyBudget['where']) => {
    const { client } = await startOne(t, { budgets: [limit(where)] });
    const file = await client.files.create(upload([lineOf('1', 'real-model')]));
    return client.batches.create({
      ...{ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' },
    });
  };
  for (const where of [{ user: 'ann' }, { provider: 'elsewhere' }, { route: 'elsewhere' }])
    assert.ok((await batchUnder(where)).id, JSON.stringify(where));
  for (const where of [{ model: 'whatever' }, { provider: 'a' }, { route: 'default/route-0', model: 'any' }])
    await assert.rejects(
      batchUnder(where),
      isRefused('spend_unbounded', /AIBudget sys\/env limit dev/),
      JSON.stringify(where),
    );
});

test('under a budget no batch of messages begins either', async (t) => {
  const { a, client } = await startAnthropic(t, { budgets: [buildBudget('sys/env/dev', 1_000n)] });
  await assert.rejects(client.messages.batches.create({ requests: [] }), (thrown: Error) =>
    /A batch spends later what nobody can bound now/.test(thrown.message),
  );
  assert.equal(a.requests.length, 0);
});

test('input guardrails read the lines of a batch file, and refuse what they would mask, since a file is sent as it is', async (t) => {
  const { a, running, client } = await startOne(t, { guardrails: MASK_EMAIL });
  await client.files.create(upload([lineOf('1', 'real-model')]));
  const escaped = lineOf('1', 'real-model', 'ann@example.com').replace('@', '\\u0040');
  for (const line of [lineOf('1', 'real-model', 'ask ann@example.com'), escaped])
    await assert.rejects(
      client.files.create(upload([line])),
      isRefused('content_filter', /file holds what AIPolicy default\/guard guardrail mail masks/),
    );
  assert.equal(a.requests.length, 1);
  assert.deepEqual(running.records[1]?.guardrailActions, [
    { guardrail: 'default/guard/mail', action: 'Mask', stage: 'Input' },
  ]);
});

test('files that guardrails cannot read are refused by name, unless the provider is exempt', async (t) => {
  const guardrails = MASK_EMAIL?.map((guardrail) => ({ ...guardrail, unlessTags: ['trusted'] })) ?? [];
  const { a, client } = await startOne(t, { guardrails });
  const file = await toFile(Buffer.from('%PDF'), 'a.pdf');
  await assert.rejects(
    client.files.create({ file, purpose: 'user_data' }),
    isRefused('content_filter', /file holds what AIPolicy default\/guard guardrail mail cannot inspect/),
  );
  assert.equal(a.requests.length, 0);
  const providers = { a: { type: 'OpenAI' as const, endpoint: a.url, credential: 'a', tags: ['trusted'] } };
  const exempt = await startOne(t, { guardrails, providers });
  await exempt.client.files.create({ file, purpose: 'user_data' });
  assert.equal(a.requests.length, 1);
});

test('what output guardrails would have masked is not fetched around them, and may be deleted', async (t) => {
  const { a, client } = await startOne(t, { guardrails: MASK_ANSWERS });
  a.respondWith({ text: 'Ask ann@example.com.' });
  const stored = await client.responses.create({ model: 'chat', input: 'Whom?' });
  assert.match(stored.output_text, /\[EMAIL\]/);
  const isUnread = isRefused(
    'content_filter',
    /output guardrails of this workload cannot inspect what AIProvider default\/a answers/,
  );
  await assert.rejects(client.responses.retrieve(stored.id), isUnread);
  await assert.rejects(client.responses.cancel(stored.id), isUnread);
  await assert.rejects(client.files.content('file-1'), isUnread);
  await client.responses.delete(stored.id);
  assert.deepEqual(
    a.requests.map(({ method }) => method),
    ['POST', 'DELETE'],
  );
});

test('an answer in the background, which nobody could inspect later, is refused before it is paid for', async (t) => {
  const { a, client } = await startOne(t, { guardrails: MASK_ANSWERS });
  const asked = { model: 'chat', input: 'Whom?' };
  await assert.rejects(
    client.responses.create({ ...asked, background: true }),
    isRefused('content_filter', /output guardrails of this workload cannot inspect what AIProvider default\/a answers/),
  );
  assert.equal(a.requests.length, 0);
  await client.responses.create({ ...asked, background: false });
  const open = await startOne(t);
  await open.client.responses.create({ ...asked, background: true });
  assert.deepEqual([a.requests.length, open.a.requests.length], [1, 1]);
});
