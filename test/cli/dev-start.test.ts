/** What keeps `remora dev` from starting is one sentence that says what to do, on stderr, and the exit code 1. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Ended, folderFor, runRemora, startDev } from './remora-process.ts';

/** Where no older Node is at hand, this one says that it is. */
const SAYS_20 = `data:text/javascript,${encodeURIComponent("Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })")}`;

function assertSentence({ code, stdout, stderr }: Ended, sentence: RegExp): void {
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, sentence);
  assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

for (const [flag, other] of [
  ['--port', '--health-port'],
  ['--health-port', '--port'],
] as const)
  test(`remora dev names ${flag} when that port is taken`, async (t) => {
    const port = await takenPort(t);
    const state = join(folderFor(t), 'state');
    const ended = await runRemora(t, ['dev', 'examples', '--state', state, flag, String(port), other, '0']);
    assertSentence(
      ended,
      new RegExp(
        `^127\\.0\\.0\\.1:${port} is taken by another process: stop it, or choose another port\\. It is set by ${flag}\\.\\n$`,
      ),
    );
    // What was opened is closed again: the next one may have it.
    await startDev(t, { paths: ['examples'], state });
  });

for (const [what, args, sentence] of [
  ['a port that is none', ['--port', '24x'], /^error: .*'24x' is invalid\. A port is a number from 0 to 65535\.\n$/],
  ['a port beyond the last', ['--health-port', '65536'], /A port is a number from 0 to 65535\./],
  ['an unknown log level', ['--log-level', 'loud'], /^error: .*Allowed choices are trace, debug, info, /],
  ['an unknown option', ['--prot', '1'], /^error: unknown option '--prot'\n\(Did you mean --port\?\)\n$/],
] as const)
  test(`remora dev refuses ${what} in one sentence`, async (t) => {
    assertSentence(await runRemora(t, ['dev', 'examples', ...args]), sentence);
  });

test('remora dev refuses an AIProvider that names a Service, which no file resolves, and names what to state instead', async (t) => {
  const folder = folderFor(t);
  const provider = { type: 'OpenAICompatible', service: { name: 'vllm', port: 8000 } };
  const metadata = { name: 'pool', namespace: 'demo' };
  const object = { apiVersion: 'remora.dev/v1alpha1', kind: 'AIProvider', metadata, spec: provider };
  writeFileSync(join(folder, 'pool.yaml'), JSON.stringify(object));
  assertSentence(
    await runRemora(t, ['dev', folder], { cwd: folder }),
    /\/pool\.yaml:1: spec\.service: AIProvider demo\/pool names Service vllm, .*; here state the addresses of its servers as spec\.endpoints\n$/,
  );
});

test('remora dev says that a folder does not exist, and leaves nothing behind', async (t) => {
  const folder = folderFor(t);
  const ended = await runRemora(t, ['dev', 'nowhere'], { cwd: folder });
  assertSentence(ended, /^nowhere: no such file or folder\n$/);
  assert.equal(existsSync(join(folder, '.remora')), false);
});

test('remora dev names file, line and reason of every fault of its files', async (t) => {
  const folder = folderFor(t, 'examples');
  writeFileSync(
    join(folder, 'examples', '3-routes.yaml'),
    'apiVersion: remora.dev/v1alpha1\nkind: AIRoute\nmetadata: {name: chat}\nspec:\n  targets:\n  - {model: gpt-4o}\n  - {model: mock/echo, retries: 1}\n',
  );
  const ended = await runRemora(t, ['dev', 'examples'], { cwd: folder });
  assertSentence(ended, /^examples\/3-routes\.yaml:6: spec\.targets\[0\]\.model: must be "provider\/model"/);
  assert.match(
    ended.stderr,
    /^examples\/3-routes\.yaml:7: spec\.targets\[1\]\.retries: is not a field here; known are/m,
  );
});

test('remora dev asks for a namespace when routes of several are given', async (t) => {
  const folder = folderFor(t);
  const route = (namespace: string) =>
    `apiVersion: remora.dev/v1alpha1\nkind: AIRoute\nmetadata: {name: chat, namespace: ${namespace}}\nspec: {targets: [{model: mock/a}]}\n---\n`;
  writeFileSync(join(folder, 'routes.yaml'), route('a') + route('b'));
  assertSentence(
    await runRemora(t, ['dev', folder]),
    /^AIRoutes of several namespaces were read \(a, b\): choose one with --namespace\n$/,
  );
});

test('a second remora dev on the same state folder is told who has it', async (t) => {
  const state = join(folderFor(t), 'state');
  await startDev(t, { paths: ['examples'], state });
  const ended = await runRemora(t, ['dev', 'examples', '--state', state, '--port', '0', '--health-port', '0']);
  assertSentence(ended, /^process \d+ already keeps the budgets in \S+: stop it, or use another folder\./);
  assert.match(ended.stderr, /The folder is set by --state\.\n$/);
});

test('remora dev says so when its state cannot be written', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'file'), '');
  const ended = await runRemora(t, ['dev', 'examples', '--state', join(folder, 'file', 'state')]);
  assertSentence(ended, /^budgets cannot be kept in \S+: .*The folder is set by --state\.\n$/);
});

test('an older Node is told what to do, in one sentence', async (t) => {
  const old = ['/usr/bin/node', '/usr/local/bin/node'].find((node) => {
    const [major = 24] =
      spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.slice(1).split('.').map(Number) ?? [];
    return major < 24;
  });
  assertSentence(
    await runRemora(t, ['dev'], old === undefined ? { env: { NODE_OPTIONS: `--import=${SAYS_20}` } } : { node: old }),
    /^remora needs Node 24\.14 or newer and this is Node [\d.]+: run `npm ci`, which brings the right one, then `npm start` or `npx remora`\.\n$/,
  );
});

test('remora names its commands, and fails on one that it does not know', async (t) => {
  const help = await runRemora(t, ['--help']);
  assert.equal(help.code, 0);
  for (const verb of ['dev', 'check', 'status']) assert.match(help.stdout, new RegExp(`^  ${verb} `, 'm'));
  assertSentence(await runRemora(t, ['stauts']), /^error: unknown command 'stauts'\n\(Did you mean status\?\)\n$/);
});
