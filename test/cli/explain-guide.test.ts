/** The guide on explaining, done as it says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chat, folderFor, runRemora, startDev } from './remora-process.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/guides/explain.md'), 'utf8');

/** As a shell reads them; the guide quotes with single quotes alone. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

/** What is another one tomorrow. */
const fixed = (text: string): string =>
  text.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'DATE').replace(/^(policy +)[0-9a-f]{12}$/m, '$1HASH');

const PROMISED = [...GUIDE.matchAll(/```sh\nremora (explain [^\n]*)\n```\n\n```text\n(.*?)```/gs)];

test('the guide shows three explanations', () => assert.equal(PROMISED.length, 3));

for (const [, command = '', promised = ''] of PROMISED)
  test(`remora ${command}`, async (t) => {
    const { code, stdout } = await runRemora(t, wordsOf(command));
    assert.equal(fixed(stdout), promised);
    assert.equal(code, promised.startsWith('refused') ? 1 : 0);
  });

test('a failing target is explained, and shown by status, as the guide says', async (t) => {
  const folder = folderFor(t);
  const { url, healthUrl } = await startDev(t, { paths: ['examples'], state: join(folder, 'state') });
  for (let sent = 0; sent < 5; sent += 1) await chat(url, { model: 'flaky' });
  const promised = [...GUIDE.matchAll(/^# (.*)$/gm)].map(([, line = '']) => withoutSeconds(line)).slice(1);
  assert.equal(promised.length, 5);
  const explained = await runRemora(t, ['explain', '-m', 'flaky', '--url', `${url}/v1`]);
  const status = await runRemora(t, ['status', '--url', healthUrl]);
  assert.deepEqual([explained.code, status.code], [0, 0]);
  const said = `${explained.stdout}${status.stdout}`.split('\n').map(withoutSeconds);
  for (const line of promised) assert.ok(said.includes(line), `${line}\n${said.join('\n')}`);
  const wide = await runRemora(t, ['status', '--url', healthUrl, '-o', 'wide']);
  assert.match(wide.stdout, /demo\/mock +echo +closed .*demo\/chat,demo\/flaky/);
});

const withoutSeconds = (line: string): string => line.replace(/\d+s\b/, 'Ns');
