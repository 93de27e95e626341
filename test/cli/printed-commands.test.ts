/** Every command that `remora dev` prints does what the line above it says, run by a shell exactly as it is printed. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { missing } from '#test/support/missing';
import { folderFor, startDev } from './remora-process.ts';

const run = promisify(execFile);
const GUARD_MS = 60_000;

/** The indented commands of the text, each with the heading above it. */
function printed(text: string): Map<string, string> {
  const commands = new Map<string, string>();
  const pattern = /^ {2}(\S.*):\n {5}((?:.*\\\n)*.*)$/gm;
  for (const [, heading = '', command = ''] of text.matchAll(pattern)) commands.set(heading, command);
  return commands;
}

function needsCurl(t: TestContext): boolean {
  if (spawnSync('curl', ['--version']).status === 0) return true;
  missing(t, 'no curl here');
  return false;
}

async function shell(command: string | undefined): Promise<string> {
  assert.ok(command !== undefined, 'the command was printed');
  const { stdout } = await run('bash', ['-c', command], { timeout: GUARD_MS });
  return stdout;
}

test('remora dev prints commands that answer, stream, fall back and are refused as they say', async (t) => {
  if (!needsCurl(t)) return;
  const folder = folderFor(t);
  const dev = await startDev(t, { paths: ['examples'], state: `${folder}/state` });
  const commands = printed(dev.stderr());
  const find = (start: string) => [...commands].find(([heading]) => heading.startsWith(start))?.[1];

  await t.test('the plain one names the mock', async () => {
    const answer = JSON.parse(await shell(find('Ask')));
    assert.match(answer.choices[0].message.content, /^Mock answer from mock\/echo/);
  });
  await t.test('the streamed one ends in [DONE]', async () => {
    const events = (await shell(find('Stream'))).trim().split('\n\n');
    assert.equal(events.at(-1), 'data: [DONE]');
    assert.ok(events.length > 3, 'in several events');
  });
  await t.test('the fallback shows the second target and two attempts', async () => {
    const answer = await shell(find('See a fallback'));
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, /\r\nx-remora-target: mock\/echo\r\n/);
    assert.match(answer, /\r\nx-remora-attempts: 2\r\n/);
  });
  await t.test('the refusal is a 429 with Retry-After and the sentence', async () => {
    const answer = await shell(find('See a budget refuse'));
    assert.match(answer, /^HTTP\/1\.1 429 /);
    assert.match(answer, /\r\nretry-after: [1-9][0-9]*\r\n/);
    assert.match(answer, /Budget exceeded for team-data-science in environment dev\./);
  });
  await t.test('the metrics count what was asked', async () => {
    assert.match(await shell(find('Look at the metrics')), /^remora_requests_total\{.*\} [1-9]/m);
  });
  await t.test('the exported base URL lists the models', async () => {
    const models = await shell(`${find('Or point any OpenAI SDK here')}\ncurl -s $OPENAI_BASE_URL/models`);
    assert.deepEqual(
      JSON.parse(models)
        .data.map(({ id }: { id: string }) => id)
        .sort(),
      ['chat', 'flaky', 'gpt-4o-mini', 'smart', 'support'],
    );
  });
  assert.equal(commands.size, 6, 'and no command was left out');
});
