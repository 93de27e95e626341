/** The examples of docs/guides/streams-and-load.md do what the guide says of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

const GUIDE = join(import.meta.dirname, '..', '..', 'docs/guides/streams-and-load.md');

/** A sidecar that runs all objects of the guide, before fakes of the providers that they name. */
async function runGuide(t: TestContext) {
  const openai = await startFakeProvider({ dialect: 'openai' });
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  const folder = mkdtempSync(join(tmpdir(), 'remora-guide-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const provider of [openai, anthropic]) t.after(() => provider.close());
  const objects = [...readFileSync(GUIDE, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
  const providers = [
    ['openai', 'OpenAI', openai.url],
    ['anthropic', 'Anthropic', anthropic.url],
  ].map(
    ([name, type, endpoint]) =>
      `apiVersion: remora.dev/v1alpha1\nkind: AIProvider\nmetadata: {name: ${name}, namespace: support}\nspec: {type: ${type}, endpoint: "${endpoint}", auth: {secretRef: {name: key}}}\n`,
  );
  const secret =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: support}\nstringData: {api-key: some-key}\n';
  writeFileSync(join(folder, 'guide.yaml'), [...objects, ...providers, secret].join('---\n'));
  const compiled = await compileFiles([folder], { env: {} });
  const routes = objects.join('').match(/^kind: AIRoute$/gm)?.length;
  assert.deepEqual([compiled.faults, compiled.policy.routes.length], [[], routes]);
  const running = await startSidecar(t);
  const near = compiled.policy.providers.map((provider) =>
    provider.key === 'support/shared-openai' ? { ...provider, endpoint: openai.url } : provider,
  );
  assert.ok(running.sidecar.sink.applyPolicy({ ...compiled.policy, providers: near }, compiled.hash).applied);
  running.sidecar.sink.applyCredentials(compiled.credentials);
  return { openai, anthropic, running };
}

const asking = (body: string, model: string): string => JSON.stringify({ ...JSON.parse(body), model });

test('the route of the guide that says Continue lets the next target go on, and says so in a comment', async (t) => {
  const { openai, anthropic, running } = await runGuide(t);
  openai.respondWith({ text: 'one two three', fault: { kind: 'cut', afterEvents: 3 } });
  anthropic.respondWith({ text: ' three four' });
  const { text } = await post(running.url, asking(STREAMED_CHAT, 'answers'));
  const [comment = ''] = /^: remora .*$/m.exec(text) ?? [];
  assert.ok(readFileSync(GUIDE, 'utf8').includes(`\n${comment}\n`), comment);
  assert.match(text, /data: \[DONE\]/);
});

test('the route of the guide that says Drain books what the provider reports of a stream that was left', async (t) => {
  const { openai, running } = await runGuide(t);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  openai.respondWith({ text: 'one two three', hold: { afterEvents: 2, until: promise } });
  const leaving = new AbortController();
  const response = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: asking(STREAMED_CHAT, 'answers'),
    signal: leaving.signal,
  });
  assert.equal(response.status, 200);
  leaving.abort();
  await fetch(`${running.url}/v1/models`);
  release();
  await until(() => running.records.length === 1, 'the request is recorded');
  assert.equal(running.records[0]?.outcome, 'client_closed');
  assert.equal(running.gate.settled[0]?.billing, 'reported');
});

test('the route of the guide with concurrency has 4 requests under way, lets 10 wait and refuses one more', async (t) => {
  const { openai, running } = await runGuide(t);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  openai.respondWith({ holdHead: promise });
  const answers = Array.from({ length: 15 }, () => post(running.url, asking(CHAT, 'reports')));
  const refused = await Promise.race(answers);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('x-should-retry'), 'true');
  await until(() => openai.requests.length === 4, 'four are under way');
  release();
  const all = await Promise.all(answers);
  assert.deepEqual([all.filter(({ status }) => status === 200).length, openai.requests.length], [14, 14]);
});

test('the provider of the guide gets 20 requests for gpt-4o at a time, and the others wait for a place', async (t) => {
  const { openai, running } = await runGuide(t);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  openai.respondWith({ holdHead: promise });
  const answers = Array.from({ length: 25 }, () => post(running.url, asking(CHAT, 'digests')));
  const gate = running.sidecar.shared.gateOf('provider:support/shared-openai/gpt-4o');
  await until(() => openai.requests.length === 20 && gate.waiting.Low === 5, 'twenty are under way and five wait');
  release();
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
  await until(() => running.records.length === 25, 'all are recorded');
  const waited = running.records.filter(({ queued }) => queued?.waitedFor === gate.key);
  assert.equal(waited.length, 5);
});
