/** An observed AIPolicy changes nothing for anybody, and what it would have done is told by its name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { createTelemetry } from '#sidecar/telemetry/telemetry';
import { CHAT, post, STREAMED_CHAT } from '#test/sidecar/raw-http';
import { until } from '#test/sidecar/start-sidecar';
import { chatBody, ORGANISATION, startRules } from './start-rules.ts';

const MAIL = chatBody('Write to ada@example.org now');
const by = { policy: ORGANISATION, mode: 'Observe' as const };

const guardrail = (words: Partial<PolicyGuardrail>): PolicyGuardrail => ({
  ...by,
  ...{ name: 'pii', stage: 'Input', detect: ['Email'], patterns: [], action: 'Mask', unlessTags: [] },
  ...words,
});

test('observed model rules leave every target in, and say whether they would have restricted or refused', async (t) => {
  const deny = (pattern: string) => ({ modelRules: [{ ...by, allow: [], deny: [pattern] }] });
  for (const [pattern, action] of [
    ['plain/*', 'Restrict'],
    ['*', 'Refuse'],
  ] as const) {
    const running = await startRules(t, deny(pattern));
    assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'plain/m');
    assert.deepEqual(running.records[0]?.wouldHave, [{ policy: ORGANISATION, rule: 'models', action }]);
  }
  const idle = await startRules(t, deny('*/gpt-4*'));
  await post(idle.url, CHAT);
  assert.equal(idle.records[0]?.wouldHave, undefined);
});

test('an observed requirement binds nobody', async (t) => {
  const running = await startRules(t, {
    requirements: [{ ...by, require: [{ tags: ['azure'] }, { when: 'request.pii', tags: ['hipaa'] }] }],
  });
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'plain/m');
  assert.equal((await post(running.url, MAIL)).headers.get('x-remora-target'), 'plain/m');
  const would = (...actions: ('Restrict' | 'Refuse')[]) =>
    actions.map((action) => ({ policy: ORGANISATION, rule: 'require', action }));
  assert.deepEqual(
    running.records.map(({ wouldHave }) => wouldHave),
    [would('Restrict'), would('Restrict', 'Refuse')],
  );
  assert.equal(running.records[0]?.required, undefined);
});

test('an observed input guardrail lets the bytes pass as they came, and still knows its exemptions', async (t) => {
  const blocking = guardrail({ name: 'words', detect: [], patterns: ['Write'], action: 'Block', unlessTags: ['eu'] });
  const running = await startRules(t, {
    guardrails: [guardrail({}), blocking],
    routes: [{ targets: [{ provider: 'plain' }] }, { models: ['eu'], targets: [{ provider: 'tagged' }] }],
  });
  for (const body of [MAIL, MAIL.replace('"chat"', '"eu"')]) assert.equal((await post(running.url, body)).status, 200);
  assert.match(running.plain.requests[0]?.rawBody ?? '', /ada@example\.org/);
  const pii = { policy: ORGANISATION, rule: 'pii', action: 'Mask' };
  const words = { policy: ORGANISATION, rule: 'words', action: 'Block' };
  assert.deepEqual(
    running.records.map(({ wouldHave, lane, guardrailActions }) => [wouldHave, lane, guardrailActions]),
    [
      [[pii, words], 'passthrough', []],
      [[pii], 'passthrough', []],
    ],
  );
});

test('observed guardrails look at large requests, too', async (t) => {
  const running = await startRules(t, { guardrails: [guardrail({})] });
  assert.equal((await post(running.url, chatBody(`${'all is well '.repeat(10_000)} ada@example.org`))).status, 200);
  assert.equal(running.records[0]?.wouldHave?.[0]?.rule, 'pii');
});

test('what an observed guardrail finds beside an enforced one is told of both', async (t) => {
  const enforced = { ...guardrail({ name: 'cards', detect: ['CreditCard'] }), mode: undefined };
  const running = await startRules(t, { guardrails: [guardrail({}), enforced] });
  await post(running.url, chatBody('ada@example.org pays with 4111 1111 1111 1111'));
  const sent = running.plain.requests[0]?.rawBody ?? '';
  assert.ok(sent.includes('ada@example.org') && sent.includes('[CREDIT_CARD]'), sent);
  assert.equal(running.records[0]?.guardrailActions[0]?.guardrail, `${ORGANISATION}/cards`);
  assert.deepEqual(
    running.records[0]?.wouldHave?.map(({ rule }) => rule),
    ['pii'],
  );
});

test('an observed output guardrail reads whole and streamed answers, which reach the client byte by byte', async (t) => {
  const observed = guardrail({ stage: 'Output', action: 'Block' });
  const watched = await startRules(t, { guardrails: [observed] });
  const free = await startRules(t);
  for (const rules of [watched, free]) rules.plain.respondWith({ text: 'Ask ada@example.org about it' });
  for (const body of [CHAT, STREAMED_CHAT]) {
    const [seen, plain] = [await post(watched.url, body), await post(free.url, body)];
    assert.equal(seen.status, 200);
    assert.equal(seen.text.replaceAll(/"created":\d+/g, ''), plain.text.replaceAll(/"created":\d+/g, ''));
  }
  await until(() => watched.records.length === 2, 'both are recorded');
  for (const { wouldHave, lane } of watched.records) {
    assert.deepEqual(wouldHave, [{ policy: ORGANISATION, rule: 'pii', action: 'Block' }]);
    assert.equal(lane, 'passthrough');
  }
});

test('log lines and metrics name the AIPolicy, and an expression that fails is logged once', async (t) => {
  const lines: string[] = [];
  const telemetry = await createTelemetry({
    serviceName: 'remora',
    now: Date.now,
    destination: { write: (line) => void lines.push(line) },
  });
  t.after(() => telemetry.close());
  const running = await startRules(
    t,
    {
      modelRules: [{ ...by, allow: [], deny: ['plain/*'] }],
      requirements: [
        { policy: 'remora-system/regions', require: [{ when: "request.headers['x-region'] == 'eu'", tags: ['eu'] }] },
      ],
    },
    { deps: { telemetry } },
  );
  const sent: Record<string, string>[] = [{}, {}, { 'x-region': 'us' }];
  for (const headers of sent) assert.equal((await post(running.url, CHAT, headers)).status, 200);
  const metrics = await telemetry.metrics.text();
  assert.match(
    metrics,
    /remora_policy_observations_total\{policy="remora-system\/organisation",rule="models",action="Restrict"\} 1/,
  );
  assert.match(
    metrics,
    /remora_expression_failures_total\{expression="AIPolicy remora-system\/regions spec\.require\[0\]\.when"\} 2/,
  );
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const requests = entries.filter(({ msg }) => msg === 'request');
  assert.deepEqual(
    requests.map(({ required, wouldHave }) => [required, wouldHave]),
    [
      [['remora-system/regions:eu'], undefined],
      [['remora-system/regions:eu'], undefined],
      [undefined, ['remora-system/organisation/models:Restrict']],
    ],
  );
  const warnings = entries.filter(({ level }) => level === 'warn');
  assert.deepEqual(
    warnings.map(({ expression, reason }) => [expression, reason]),
    [['AIPolicy remora-system/regions spec.require[0].when', 'no_such_key at line 1, column 1']],
  );
});
