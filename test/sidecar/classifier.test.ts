/** A classifier of the route's own: its word counts where it comes in time and makes sense; otherwise nothing is lost but the wait. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { createTelemetry } from '#sidecar/telemetry/telemetry';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { CHAT, post } from './raw-http.ts';
import { type PolicyWords, type RouteWords, startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

interface Asked {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Answers as it is told and keeps what it was asked. */
async function startClassifier(t: TestContext, answer: (respond: Parameters<RequestListener>[1]) => void) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      asked.push({ headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/classify` };
}

const says =
  (text: string, status = 200) =>
  (response: Parameters<RequestListener>[1]) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(text);

interface Words {
  readonly url: string;
  readonly deadlineMs?: number;
  readonly match?: RouteWords['match'];
  readonly guardrails?: PolicyWords['guardrails'];
}

/** The one rule takes code alone, unless told otherwise: 404 for what is none. */
async function start(t: TestContext, { url, deadlineMs = 5_000, match = { task: 'Code' }, guardrails = [] }: Words) {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  return startSidecar(t, {
    policy: {
      providers: { openai: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ match, classifier: { url, deadlineMs }, targets: [{ provider: 'openai' }] }],
      guardrails,
    },
  });
}

const asking = (content: string) => JSON.stringify({ model: 'chat', messages: [{ role: 'user', content }] });
const CODE = asking('Write a Python function that sorts a list.');

test('what the classifier says counts before the rules are looked at, and what it leaves out stays as the sidecar sees it', async (t) => {
  const { url, asked } = await startClassifier(t, says('{"task":"code"}'));
  const running = await start(t, { url });
  assert.equal((await post(running.url, CHAT)).status, 200);
  await until(() => running.records.length === 1, 'it is recorded');
  const [record] = running.records;
  assert.equal(record?.classifier, 'used');
  assert.deepEqual(record?.requestClass, {
    task: 'Code',
    complexity: 'Simple',
    latency: 'Batch',
    because: ['classifier'],
  });
  assert.equal(asked.length, 1);
});

test('it is told text, features and the judgement of the sidecar, within bounds, and no header of the client', async (t) => {
  const { url, asked } = await startClassifier(t, says('{"complexity":"complex"}'));
  const running = await start(t, { url });
  const long = asking(`Write Python code. ${'lorem ipsum '.repeat(100_000)} Thank you.`);
  await post(running.url, long, { authorization: 'Bearer secret-of-the-app', cookie: 'a=b' });
  const [{ headers, body } = { headers: {}, body: '{}' }] = asked;
  assert.ok(body.length < 16_000);
  const document = JSON.parse(body);
  assert.deepEqual(Object.keys(document), ['operation', 'model', 'text', 'features', 'local']);
  assert.match(document.text.asked, /^Write Python code\.[\s\S]*Thank you\.$/);
  assert.deepEqual(Object.keys(document.local), ['task', 'complexity', 'latency']);
  assert.equal(headers.authorization, undefined);
  assert.equal(headers.cookie, undefined);
});

test('an error, nonsense, too much and no answer at all leave the judgement of the sidecar, and each is counted', async (t) => {
  const cases = [
    ['error', says('{"task":"chat"}', 500)],
    ['error', (response: Parameters<RequestListener>[1]) => void response.destroy()],
    ['error', says(`{"task":"chat","why":"${'x'.repeat(10_000)}"}`)],
    ['invalid', says('no JSON')],
    ['invalid', says('[]')],
    ['invalid', says('{}')],
    ['invalid', says('{"task":"Cooking","complexity":"simple"}')],
    ['late', () => {}],
  ] as const;
  for (const [outcome, answer] of cases) {
    const { url } = await startClassifier(t, answer);
    const running = await start(t, { url, deadlineMs: outcome === 'late' ? 1 : 5_000 });
    assert.equal((await post(running.url, CODE)).status, 200, outcome);
    await until(() => running.records.length === 1, 'it is recorded');
    assert.equal(running.records[0]?.classifier, outcome);
    assert.equal(running.records[0]?.requestClass?.task, 'Code');
    assert.deepEqual(running.faults, []);
  }
  const nobody = await start(t, { url: 'http://127.0.0.1:9/classify' });
  assert.equal((await post(nobody.url, CODE)).status, 200);
});

test('it is not asked where no rule of the route asks for task or complexity', async (t) => {
  const { url, asked } = await startClassifier(t, says('{"task":"code"}'));
  const running = await start(t, { url, match: { latency: 'Batch' } });
  assert.equal((await post(running.url, CHAT)).status, 200);
  assert.equal(asked.length, 0);
});

const guardrail = (parts: Partial<PolicyGuardrail>): PolicyGuardrail => ({
  policy: 'remora-system/organisation',
  name: 'rule',
  stage: 'Input',
  detect: [],
  patterns: [],
  action: 'Mask',
  unlessTags: [],
  ...parts,
});

test('it sees the text as guardrails leave it for a target without tags, and nothing of what they block', async (t) => {
  const mail = asking('Write Python code that mails ann@example.com.');
  const masked = await startClassifier(t, says('{"task":"code"}'));
  const masking = await start(t, {
    url: masked.url,
    guardrails: [guardrail({ detect: ['Email'], unlessTags: ['eu'] })],
  });
  assert.equal((await post(masking.url, mail)).status, 200);
  assert.match(masked.asked[0]?.body ?? '', /mails \[EMAIL\]/);

  const blocked = await startClassifier(t, says('{"task":"code"}'));
  const blocking = await start(t, {
    url: blocked.url,
    guardrails: [guardrail({ detect: ['Email'], action: 'Block' })],
  });
  assert.equal((await post(blocking.url, mail)).status, 400);
  assert.equal(blocked.asked.length, 0);
});

test('metrics and the log say what came of it', async (t) => {
  const { url } = await startClassifier(t, says('{"task":"code"}'));
  const running = await start(t, { url });
  await post(running.url, CHAT);
  await until(() => running.records.length === 1, 'it is recorded');
  let line = '';
  const destination = {
    write(text: string) {
      line += text;
    },
  };
  const telemetry = await createTelemetry({ destination, serviceName: 'remora', now: Date.now });
  const [record] = running.records;
  if (record) telemetry.record(record);
  assert.match(
    await telemetry.metrics.text(),
    /^remora_classifier_answers_total\{route="default\/route-0",outcome="used"\} 1$/m,
  );
  await telemetry.close();
  assert.match(
    line,
    /"task":"code","complexity":"simple","latency":"batch","classifier":"used","because":\["classifier"\]/,
  );
});
