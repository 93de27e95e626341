/** The history of `remora dev`: what was used can be asked, while it runs and whatever became of it. */
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { nanoUsd } from '#contract/policy/money';
import { eventually } from '#test/operator/eventually';
import { type DevProcess, folderFor, runRemora, startDev } from './remora-process.ts';

const start = (t: TestContext, state: string): Promise<DevProcess> => startDev(t, { paths: ['examples'], state });

/** What it cost. */
async function ask({ url }: DevProcess, session: string): Promise<bigint> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-remora-feature': 'chatbot', 'x-remora-session': session },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Say hello' }] }),
  });
  await response.text();
  assert.equal(response.status, 200);
  return nanoUsd(response.headers.get('x-remora-cost-usd') ?? '');
}

async function report(t: TestContext, state: string): Promise<{ requests: number; cost: bigint }> {
  const { stdout, stderr } = await runRemora(t, ['report', '--state', state, '--by', 'feature', '--format', 'json']);
  assert.equal(stderr, '');
  const { groups } = JSON.parse(stdout);
  const [{ labels, requests, costUsd } = { labels: {}, requests: '0', costUsd: '0' }, ...others] = groups;
  assert.deepEqual([labels.feature ?? 'chatbot', others], ['chatbot', []]);
  return { requests: Number(requests), cost: nanoUsd(costUsd) };
}

test('what was used is in the report to the nano-dollar while it runs, and after it was killed and came back', async (t) => {
  const state = join(folderFor(t), 'state');
  const first = await start(t, state);
  let cost = 0n;
  for (const session of ['a', 'b']) cost += await ask(first, session);
  await eventually('the report has both', async () => (await report(t, state)).requests === 2);
  assert.deepEqual(await report(t, state), { requests: 2, cost });
  for (const session of ['a', 'b', 'c']) cost += await ask(first, session);
  first.signal('SIGKILL');
  await first.ended;
  const second = await start(t, state);
  cost += await ask(second, 'c');
  second.signal('SIGTERM');
  assert.equal((await second.ended).code, 0);
  assert.doesNotMatch(second.stderr(), /[Uu]sage|warning/i);
  assert.deepEqual(await report(t, state), { requests: 6, cost });
  const one = await runRemora(t, ['report', 'per-session', '--state', state, '--feature', 'chatbot']);
  assert.match(one.stdout, /^One session of chatbot costs \$\S+: \$\S+ for 3 sessions from /);
});

test('what has a wrong price is corrected in the folder, too', async (t) => {
  const folder = folderFor(t);
  const state = join(folder, 'state');
  const remora = await start(t, state);
  await ask(remora, 'a');
  remora.signal('SIGTERM');
  await remora.ended;
  const prices = join(folder, 'prices.yaml');
  writeFileSync(prices, 'inputTokens: 100\noutputTokens: 0\n');
  const from = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const to = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const which = ['--provider', 'demo/mock', '--model', 'echo', '--from', from, '--to', to, '--prices', prices];
  const { stdout, stderr } = await runRemora(t, ['report', 'rerate', '--state', state, ...which]);
  assert.match(stdout, /^1 attempts have another cost: \+0\.\d+ USD\.\n$/, stderr);
});

test('where no history can be kept it is said, requests go on, and what they used is kept once it can be', async (t) => {
  const state = join(folderFor(t), 'state');
  const inTheWay = join(state, 'history.sqlite');
  mkdirSync(inTheWay, { recursive: true });
  const remora = await start(t, state);
  const cost = await ask(remora, 'a');
  await eventually('it is said', () =>
    /^Usage waits in the journal, since it cannot be kept: SQLite: unable to open/m.test(remora.stderr()),
  );
  rmdirSync(inTheWay);
  await eventually('it is said', () => /^Usage is kept again\.$/m.test(remora.stderr()));
  assert.deepEqual(await report(t, state), { requests: 1, cost });
  remora.signal('SIGTERM');
  assert.equal((await remora.ended).code, 0);
});

test('a report of a folder without a history says so and makes none', async (t) => {
  const folder = folderFor(t);
  const { code, stderr } = await runRemora(t, ['report', '--state', join(folder, 'none')]);
  assert.equal(code, 1);
  assert.match(stderr, /^There is no history in \S+\/none: name the folder that remora dev --state has\.\n$/);
  const both = await runRemora(t, ['report', '--state', folder, '--operator', 'a/b']);
  assert.notEqual(both.code, 0);
  assert.match(both.stderr, /'--state <folder>' cannot be used with option '--operator <namespace\/name>'/);
  const wrong = join(folder, 'history.sqlite');
  writeFileSync(wrong, 'no data base, but long enough to be read as the head of one: '.repeat(40));
  const unreadable = await runRemora(t, ['report', '--state', folder]);
  assert.equal(unreadable.code, 1);
  assert.match(unreadable.stderr, /^SQLite: file is not a database\n$/);
});
