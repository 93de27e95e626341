/** A limit per user as an app meets it: over HTTP, with the user where the app states it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildBudget } from '#test/support/build-policy';
import { CHAT, post } from './raw-http.ts';
import { startGated } from './start-gated.ts';

/** Enough for one of these requests and not for two. */
const EACH = buildBudget('default/limits/each', 1_300n, { per: ['user'], every: 'Minute' });
const USAGE = { inputTokens: 20, outputTokens: 900 };

interface Named {
  readonly header?: string;
  readonly body?: string;
}

async function start(t: TestContext) {
  const { running } = await startGated(t, { answer: { usage: USAGE }, policy: { budgets: [EACH] } });
  return ({ header, body }: Named = {}) =>
    post(
      running.url,
      JSON.stringify({ ...JSON.parse(CHAT), max_tokens: 1_000, user: body }),
      header === undefined ? {} : { 'x-remora-user': header },
    );
}

test('the user is that of the header, else of the body, and each has an amount of its own', async (t) => {
  const ask = await start(t);
  const statuses: number[] = [];
  for (const named of [
    { header: 'ann' },
    { header: 'ann' },
    { body: 'ann' },
    { header: 'ann', body: 'bob' },
    { body: 'bob' },
    { header: 'bob' },
  ])
    statuses.push((await ask(named)).status);
  assert.deepEqual(statuses, [200, 429, 429, 429, 200, 429]);
});

test('requests that name no user share one amount', async (t) => {
  const ask = await start(t);
  assert.deepEqual(
    [(await ask()).status, (await ask()).status, (await ask({ header: 'ann' })).status],
    [200, 429, 200],
  );
});

test('what is refused says for whom without a name, and which AIBudget decides', async (t) => {
  const ask = await start(t);
  await ask({ header: 'ann@example.org' });
  const { status, text } = await ask({ header: 'ann@example.org' });
  assert.equal(status, 429);
  assert.match(text, /Budget exceeded for this user, for limit each\./);
  assert.match(text, /AIBudget default\/limits limit each/);
  assert.ok(!text.includes('ann'), text);
});
