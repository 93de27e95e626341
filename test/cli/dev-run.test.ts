/** `remora dev` while it runs: edits, credentials, money over a restart, the end. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '#test/operator/eventually';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { chat, folderFor, runRemora, spawnRemora, startDev } from './remora-process.ts';

const CANARY = 'sk-canary-4d1f7a';

/** Examples of which `openai` is served by a fake of it. */
async function withOpenAi(t: TestContext): Promise<{ folder: string; provider: FakeProvider }> {
  const provider = await startFakeProvider({ dialect: 'openai', acceptKey: CANARY });
  t.after(() => provider.close());
  const folder = folderFor(t, 'examples');
  edit(folder, '2-providers.yaml', (text) =>
    text.replace('type: OpenAI\n', `type: OpenAI\n  endpoint: ${provider.url}\n`),
  );
  return { folder, provider };
}

const edit = (folder: string, file: string, change: (text: string) => string): void => {
  const path = join(folder, 'examples', file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
};

const dev = (t: TestContext, folder: string, env: Readonly<Record<string, string>> = {}) =>
  startDev(t, { paths: ['examples'], state: join(folder, 'state'), cwd: folder, env });

const targetOf = async (url: string, model = 'chat') => (await chat(url, { model })).headers.get('x-remora-target');

test('an edit takes effect; a bad one is refused with file, line and reason while the last good policy goes on', async (t) => {
  const folder = folderFor(t, 'examples');
  const remora = await dev(t, folder);
  assert.equal(await targetOf(remora.url), 'mock/echo');

  edit(folder, '3-routes.yaml', (text) => text.replaceAll('mock/echo', 'mock/other'));
  edit(folder, '4-budget.yaml', (text) => text.replace('usd: 5', 'tokens: 1000000'));
  await eventually('the edit takes effect', async () => (await targetOf(remora.url)) === 'mock/other');
  await eventually('it is said', () => /^Policy [0-9a-f]{12} is in force\.$/m.test(remora.stderr()));

  const good = readFileSync(join(folder, 'examples', '3-routes.yaml'), 'utf8');
  edit(folder, '3-routes.yaml', (text) => text.replace('maxRetries: 2', 'maxRetries: many'));
  await eventually('the bad edit is refused', () =>
    /^Refused; the last good policy goes on\.\n {2}examples\/3-routes\.yaml:8: spec\.targets\[0\]\.maxRetries: /m.test(
      remora.stderr(),
    ),
  );
  assert.equal(await targetOf(remora.url), 'mock/other');

  const before = remora.stderr().length;
  writeFileSync(join(folder, 'examples', '3-routes.yaml'), good);
  await eventually('it is said that all is well again', () => /is in force/.test(remora.stderr().slice(before)));
});

test('a key in the environment puts its provider first, and is in no line of output, whatever goes wrong', async (t) => {
  const { folder, provider } = await withOpenAi(t);
  const remora = await dev(t, folder, { OPENAI_API_KEY: CANARY });
  assert.match(remora.stderr(), /chat is answered by openai\/gpt-4o-mini, else mock\/echo\./);
  assert.doesNotMatch(remora.stderr(), /set OPENAI_API_KEY/);
  assert.equal(await targetOf(remora.url), 'openai/gpt-4o-mini');
  assert.equal(provider.requests[0]?.headers.authorization, `Bearer ${CANARY}`);

  provider.respondOnce({ fault: { kind: 'status', status: 401, message: `Incorrect API key: ${CANARY}` } });
  assert.equal(await targetOf(remora.url), 'mock/echo', 'the next target answers');
  edit(folder, '3-routes.yaml', (text) => text.replace('mock/echo', CANARY));
  await eventually('a bad edit is refused', () => remora.stderr().includes('Refused;'));
  remora.signal('SIGTERM');
  const { stdout, stderr } = await remora.ended;
  assert.ok(stdout.includes('"outcome":"ok"'), 'requests were logged');
  const failed = await runRemora(t, ['dev', 'nowhere'], { env: { OPENAI_API_KEY: CANARY } });
  assert.equal(failed.code, 1);
  assert.doesNotMatch(stdout + stderr + failed.stdout + failed.stderr, new RegExp(CANARY));
});

test('a new key in a file is used at once, with the same policy, and never shown', async (t) => {
  const { folder, provider } = await withOpenAi(t);
  const secret = (key: string) =>
    writeFileSync(
      join(folder, 'examples', 'secret.yaml'),
      `apiVersion: v1\nkind: Secret\nmetadata: {name: openai, namespace: demo}\nstringData: {api-key: ${key}}\n`,
    );
  secret('sk-old');
  const remora = await dev(t, folder);
  assert.equal(await targetOf(remora.url), 'mock/echo', 'the provider refuses the old key');
  secret(CANARY);
  await eventually('it is said', () => /^Credentials changed: policy [0-9a-f]{12} goes on/m.test(remora.stderr()));
  await eventually('the new key is used', async () => (await targetOf(remora.url)) === 'openai/gpt-4o-mini');
  assert.equal(provider.requests.at(-1)?.headers.authorization, `Bearer ${CANARY}`);
  assert.doesNotMatch(remora.stdout() + remora.stderr(), /sk-/);
});

test('what was spent is remembered over a restart', async (t) => {
  const folder = folderFor(t, 'examples');
  edit(folder, '4-budget.yaml', (text) => text.replace('usd: 5', 'usd: "0.01"'));
  const spend = (url: string) => chat(url, { model: 'chat', max_tokens: 400 });
  const first = await dev(t, folder);
  let spent = 0;
  for (let answer = await spend(first.url); answer.status === 200; answer = await spend(first.url)) {
    spent += Number(answer.headers.get('x-remora-cost-usd'));
    assert.ok(spent <= 0.01, 'never over the cap');
  }
  assert.ok(spent > 0.005, 'most of the cap was spent');
  first.signal('SIGINT');
  assert.equal((await first.ended).code, 0);

  const second = await dev(t, folder);
  const answer = await spend(second.url);
  assert.equal(answer.status, 429);
  assert.match(answer.text, /Budget exceeded for team-data-science in environment dev\./);
});

test('log lines are JSON on stdout and name neither content nor keys; human text is on stderr', async (t) => {
  const folder = folderFor(t);
  const remora = await startDev(t, { paths: ['examples'], state: join(folder, 'state') });
  await chat(remora.url, { model: 'chat' });
  remora.signal('SIGTERM');
  const { stdout } = await remora.ended;
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ msg, route, target, status }) => ({ msg, route, target, status })),
    [{ msg: 'request', route: 'demo/chat', target: 'mock/echo', status: 200 }],
  );
  assert.doesNotMatch(stdout, /Say hello/);
});

/** A request that stays open: its body never ends. */
async function openRequest(t: TestContext, url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(
    'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
  );
  // The server has read the head once a request that came later is answered.
  await chat(url, { model: 'chat' });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal} lets remora dev end by itself with the exit code 0`, async (t) => {
    const remora = await startDev(t, { paths: ['examples'], state: join(folderFor(t), 'state') });
    remora.signal(signal);
    const { code, stderr } = await remora.ended;
    assert.equal(code, 0);
    assert.match(stderr, /^Stopping: /m);
  });

test('a repeated signal within half a second is the same wish; a later one ends remora dev at once', async (t) => {
  const remora = await startDev(t, { paths: ['examples'], state: join(folderFor(t), 'state') });
  await openRequest(t, remora.url);
  remora.signal('SIGINT');
  remora.signal('SIGINT');
  await eventually('it is stopping', () => remora.stderr().includes('Stopping: '));
  const repeated = setInterval(() => remora.signal('SIGINT'), 200);
  t.after(() => clearInterval(repeated));
  assert.equal((await remora.ended).code, 130);
});

test('after an end without warning the next remora dev takes the state over', async (t) => {
  const state = join(folderFor(t), 'state');
  const first = await startDev(t, { paths: ['examples'], state });
  first.signal('SIGKILL');
  await first.ended;
  const second = await startDev(t, { paths: ['examples'], state });
  assert.equal((await chat(second.url, { model: 'chat' })).status, 200);
});

test('without an AIRoute remora dev says so and waits for one', async (t) => {
  const folder = folderFor(t);
  writeFileSync(
    join(folder, 'mock.yaml'),
    'apiVersion: remora.dev/v1alpha1\nkind: AIProvider\nmetadata: {name: mock}\nspec: {type: Mock}\n',
  );
  const args = ['dev', folder, '--port', '0', '--health-port', '0', '--state', join(folder, 'state')];
  const remora = spawnRemora(t, args);
  const text = await eventually('it serves', () =>
    /on (http:\S+)\/v1[\s\S]*No AIRoute is in effect/.exec(remora.stderr()),
  );
  writeFileSync(
    join(folder, 'route.yaml'),
    'apiVersion: remora.dev/v1alpha1\nkind: AIRoute\nmetadata: {name: chat}\nspec: {targets: [{model: mock/a}]}\n',
  );
  await eventually('the route is served', async () => (await targetOf(text[1] ?? '')) === 'mock/a');
});
