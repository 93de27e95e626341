/** What one request may ask for at most, whatever the budgets have left. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Policy, PolicyRoute } from '#contract/policy/policy';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { post } from './raw-http.ts';
import { type RunningSidecar, startSidecar, type TargetWords } from './start-sidecar.ts';

/** Of a token of input and of output, in pico-dollars. */
const DEAR = { inputPico: '1000000', cachedInputPico: '1000000', outputPico: '1000000' };
const CHEAP = { inputPico: '1000', cachedInputPico: '1000', outputPico: '1000' };

interface Running {
  readonly dear: FakeProvider;
  readonly cheap: FakeProvider;
  readonly running: RunningSidecar;
}

async function start(
  t: TestContext,
  perRequest: NonNullable<PolicyRoute['perRequest']>,
  first: Partial<TargetWords> = {},
  ceilings: Policy['ceilings'] = [],
): Promise<Running> {
  const dear = await startFakeProvider({ dialect: 'openai' });
  const cheap = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => dear.close());
  t.after(() => cheap.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        dear: { type: 'OpenAI', endpoint: dear.url },
        cheap: { type: 'Anthropic', endpoint: cheap.url },
      },
      ceilings,
      routes: [
        {
          targets: [{ provider: 'dear', price: DEAR, ...first }],
          fallbacks: [{ provider: 'cheap', price: CHEAP }],
          perRequest,
        },
      ],
    },
  });
  return { dear, cheap, running };
}

const chat = (more: object = {}, content: unknown = 'Say hello.'): string =>
  JSON.stringify({ model: 'chat', messages: [{ role: 'user', content }], ...more });

test('a request that states no maximum is sent with that of the ceiling, in the words of each API', async (t) => {
  const { dear, cheap, running } = await start(t, { maxOutputTokens: 64 });
  assert.equal((await post(running.url, chat())).status, 200);
  assert.equal(dear.requests[0]?.body?.max_tokens ?? dear.requests[0]?.body?.max_completion_tokens, 64);
  dear.respondOnce({ fault: { kind: 'status', status: 401 } });
  assert.equal((await post(running.url, chat())).headers.get('x-remora-target'), 'cheap/m');
  assert.equal(cheap.requests[0]?.body?.max_tokens, 64);
  assert.equal(running.gate.reserved[0]?.outputTokensAtMost, 64);
});

test('several answers share the ceiling', async (t) => {
  const { dear, running } = await start(t, { maxOutputTokens: 64 });
  await post(running.url, chat({ n: 4 }));
  assert.equal(dear.requests[0]?.body?.max_tokens ?? dear.requests[0]?.body?.max_completion_tokens, 16);
  assert.equal((await post(running.url, chat({ n: 4, max_tokens: 17 }))).status, 400);
});

test('a request that asks for more than the ceiling reaches nobody, and is told whose ceiling it is', async (t) => {
  const { dear, cheap, running } = await start(t, { maxOutputTokens: 64 });
  const answer = await post(running.url, chat({ max_tokens: 65 }));
  assert.equal(answer.status, 400);
  assert.equal(answer.json().error.remora.code, 'ceiling_exceeded');
  assert.match(answer.json().error.message, /up to 65 output tokens, and AIRoute default\/route-0 allows 64/);
  assert.equal(dear.requests.length + cheap.requests.length + running.gate.reserved.length, 0);
});

test('input is estimated by its text and its media, not by the bytes of a picture', async (t) => {
  const { running } = await start(t, { maxInputTokens: 2_000 });
  const picture = `data:image/png;base64,${'A'.repeat(100_000)}`;
  const seen = [
    { type: 'text', text: 'What is this?' },
    { type: 'image_url', image_url: { url: picture } },
  ];
  assert.equal((await post(running.url, chat({}, seen))).status, 200);
  assert.equal((await post(running.url, chat({}, [...seen, seen[1]]))).status, 400);
  assert.equal((await post(running.url, chat({}, 'word '.repeat(1_500)))).status, 200);
  const answer = await post(running.url, chat({}, 'word '.repeat(2_000)));
  assert.equal(answer.status, 400);
  assert.match(answer.json().error.message, /has about 25\d\d input tokens, and AIRoute default\/route-0 allows 2000/);
});

test('a target that one attempt could cost too much at is not used, and the next one is', async (t) => {
  const { dear, running } = await start(t, { maxUsd: '0.001' });
  const answer = await post(running.url, chat({ max_tokens: 2_000 }));
  assert.equal(answer.headers.get('x-remora-target'), 'cheap/m');
  assert.equal(dear.requests.length, 0);
  assert.equal((await post(running.url, chat({ max_tokens: 500 }))).headers.get('x-remora-target'), 'dear/m');
  const refused = await post(running.url, chat({ max_tokens: 10_000_000 }));
  assert.equal(refused.status, 400);
  assert.match(
    refused.json().error.message,
    /could cost up to \$10\.000\d+ at dear\/m, and AIRoute default\/route-0 allows \$0\.001/,
  );
});

test('nobody can hold a target without a price to an amount of money', async (t) => {
  const { dear, running } = await start(t, { maxUsd: 1 }, { price: null });
  assert.equal((await post(running.url, chat({ max_tokens: 9 }))).headers.get('x-remora-target'), 'cheap/m');
  assert.equal(dear.requests.length, 0);
});

const ORGANISATION = 'remora-system/organisation';

test('an AIRoute can allow less than an AIPolicy and never more', async (t) => {
  const { dear, running } = await start(t, { maxOutputTokens: 64 }, {}, [
    { policy: ORGANISATION, maxOutputTokens: 32 },
  ]);
  assert.equal((await post(running.url, chat())).status, 200);
  assert.equal(dear.requests[0]?.body?.max_tokens ?? dear.requests[0]?.body?.max_completion_tokens, 32);
  const answer = await post(running.url, chat({ max_tokens: 33 }));
  assert.equal(answer.status, 400);
  assert.equal(answer.json().error.remora.object, `AIPolicy ${ORGANISATION}`);
});

test('an observed AIPolicy changes nothing, and the record says what it would have refused', async (t) => {
  const observed = { policy: ORGANISATION, mode: 'Observe' as const, maxOutputTokens: 8 };
  const { dear, running } = await start(t, { maxInputTokens: 100_000 }, {}, [observed]);
  assert.equal((await post(running.url, chat({ max_tokens: 9 }))).status, 200);
  assert.equal(dear.requests[0]?.body?.max_tokens, 9);
  assert.deepEqual(running.records[0]?.wouldHave, [{ policy: ORGANISATION, rule: 'perRequest', action: 'Refuse' }]);
  await post(running.url, chat({ max_tokens: 8 }));
  assert.equal(running.records[1]?.wouldHave, undefined);
});
