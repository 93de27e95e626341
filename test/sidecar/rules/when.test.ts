/** Rules of an AIRoute that say in CEL which requests they are for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAT, post } from '#test/sidecar/raw-http';
import { type PolicyWords, policyOf } from '#test/sidecar/start-sidecar';
import { chatBody, startRules } from './start-rules.ts';

/** One route whose first rule has the expression and leads to the tagged provider; all else goes to the plain one. */
const routesOf = (when: string): PolicyWords['routes'] => [
  { when, targets: [{ provider: 'tagged' }] },
  { models: ['*'], targets: [{ provider: 'plain' }] },
];

interface Ask {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } };
const TOOL = { type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } };
const TURNS = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    ...[1, 2, 3].flatMap((turn) => [
      { role: 'user', content: `question ${turn}` },
      { role: 'assistant', content: 'an answer' },
    ]),
    { role: 'user', content: 'the last one' },
  ],
};

/** An expression, a request for which it holds, and one for which it does not. */
const FACTS: readonly (readonly [string, Ask, Ask])[] = [
  ["request.model == 'chat'", {}, { body: CHAT.replace('"chat"', '"other"') }],
  [
    "request.dialect == 'openai-chat' && request.operation == 'chat'",
    {},
    { path: '/v1/embeddings', body: '{"model":"chat","input":"a"}' },
  ],
  ['request.stream', { body: chatBody('a', { stream: true }) }, {}],
  ['request.inputTokens > 1000', { body: chatBody('word '.repeat(1_000)) }, { body: chatBody('word '.repeat(500)) }],
  ['request.turns == 4', { body: chatBody('', TURNS) }, {}],
  ['request.hasTools', { body: chatBody('a', { tools: [TOOL] }) }, {}],
  ['request.hasImages', { body: chatBody([IMAGE]) }, {}],
  ['request.hasCode', { body: chatBody('Why?\n```ts\nlet a\n```') }, { body: chatBody('Why `let a`?') }],
  ["request.prompt.contains('last one') && request.prompt.contains('question 1')", { body: chatBody('', TURNS) }, {}],
  ["request.prompt.matches('^[a-z]+$')", { body: chatBody('lower') }, { body: chatBody('Upper') }],
  ["request.system == 'Be brief.'", { body: chatBody('', TURNS) }, {}],
  ["'x-tier' in request.headers && request.headers['x-tier'] == 'gold'", { headers: { 'x-tier': 'gold' } }, {}],
  ['request.pii', { body: chatBody('Write to ada@example.org') }, { body: chatBody('Write to ada') }],
  [
    "'Email' in request.piiKinds && !('CreditCard' in request.piiKinds)",
    { body: chatBody('Write to ada@example.org') },
    { body: chatBody('ada@example.org pays with 4111 1111 1111 1111') },
  ],
  ["caller.region == 'eu'", { headers: { 'x-remora-region': 'eu' } }, {}],
  ["caller.user == 'ada'", { headers: { 'x-remora-user': 'ada' } }, {}],
  ["caller.user == 'ada'", { body: chatBody('a', { user: 'ada' }) }, {}],
  ["caller.feature == 'search'", { headers: { 'x-remora-feature': 'search' } }, {}],
];

test('a rule is for the requests of which its expression holds, fact by fact', async (t) => {
  for (const [when, holding, other] of FACTS) {
    const routes = [{ models: ['*'], when, targets: [{ provider: 'tagged' }] }];
    const running = await startRules(t, { routes });
    const { path = '/v1/chat/completions', body = CHAT, headers = {} } = holding;
    assert.equal((await post(running.url, body, headers, path)).status, 200, when);
    const not = await post(running.url, other.body ?? CHAT, other.headers ?? {}, other.path ?? '/v1/chat/completions');
    assert.equal(not.status, 404, when);
    assert.deepEqual(
      running.records.map(({ failedExpressions }) => failedExpressions),
      [undefined, undefined],
      when,
    );
    assert.equal(running.records[0]?.rule, 0);
  }
});

test('facts of the caller are those of its workload, which no request can change', async (t) => {
  const when =
    "caller.team == 'data' && caller.environment == 'dev' && caller.namespace == 'default' && caller.serviceAccount == 'app' && caller.project == ''";
  const running = await startRules(t, { routes: [{ when, targets: [{ provider: 'tagged' }] }] });
  assert.equal((await post(running.url, chatBody('a', { team: 'other' }))).status, 200);
});

test('a region that a label states is none that a request can change', async (t) => {
  const attribution = { region: 'eu' };
  const running = await startRules(t, { attribution, routes: routesOf("caller.region == 'eu'") });
  const sent: Record<string, string>[] = [{}, { 'x-remora-region': 'us' }];
  for (const headers of sent)
    assert.equal((await post(running.url, CHAT, headers)).headers.get('x-remora-target'), 'tagged/m');
  assert.deepEqual(
    running.records.map((record) => record.attribution?.region),
    ['eu', 'eu'],
  );
});

test('a region that is none, or two, is refused before anything is asked', async (t) => {
  const running = await startRules(t);
  for (const region of ['', 'eu us', 'eu, us', 'e'.repeat(64)]) {
    const answer = await post(running.url, CHAT, { 'x-remora-region': region });
    assert.equal(answer.status, 400);
    assert.match(answer.json().error.message, /The header x-remora-region must name one region/);
  }
  assert.equal(running.plain.requests.length, 0);
});

test('a label that the caller does not carry is empty, and no failure', async (t) => {
  const when = "caller.labels['data'] == 'health' && caller.labels['example.com/tier'] == ''";
  const routes = routesOf(when);
  const labelled = await startRules(t, { attribution: { labels: { data: 'health' } }, routes });
  assert.equal((await post(labelled.url, CHAT)).headers.get('x-remora-target'), 'tagged/m');
  const bare = await startRules(t, { routes });
  assert.equal((await post(bare.url, CHAT)).status, 404);
  assert.equal(bare.records[0]?.failedExpressions, undefined);
});

test('a rule is for the teams and regions of its match', async (t) => {
  const route = (match: object) => ({ match, targets: [{ provider: 'tagged' }] });
  const eu = { 'x-remora-region': 'eu' };
  const both = await startRules(t, { routes: [route({ teams: ['data', 'web'], regions: ['eu', 'ch'] })] });
  assert.equal((await post(both.url, CHAT, eu)).status, 200);
  assert.equal((await post(both.url, CHAT, { 'x-remora-region': 'us' })).status, 404);
  assert.equal((await post(both.url, CHAT)).status, 404);
  const others = await startRules(t, { routes: [route({ teams: ['web'] })] });
  assert.equal((await post(others.url, CHAT, eu)).status, 404);
});

test('kinds of what is found are known of large requests, too, and fail where text cannot be read', async (t) => {
  const routes = [{ models: ['*'], when: "!('CreditCard' in request.piiKinds)", targets: [{ provider: 'tagged' }] }];
  const running = await startRules(t, { routes });
  const filler = 'all is well here '.repeat(20_000);
  assert.equal((await post(running.url, chatBody(`ada@example.org ${filler}`))).status, 200);
  assert.equal((await post(running.url, chatBody(`${filler} 4111 1111 1111 1111`))).status, 404);
  const tokens = JSON.stringify({ model: 'chat', input: [[1, 2, 3]] });
  assert.equal((await post(running.url, tokens, {}, '/v1/embeddings')).status, 404);
  assert.match(running.records[2]?.failedExpressions?.[0]?.reason ?? '', /in a form that cannot be read/);
});

test('a rule asks for the time by the clock of the process', async (t) => {
  let now = Date.parse('2026-11-23T10:00:00Z');
  const routes = routesOf("now.getDayOfWeek('Europe/Berlin') == 1 && now.getHours('Europe/Berlin') < 18");
  const running = await startRules(t, { routes: [routes[0]!] }, { deps: { now: () => now } });
  assert.equal((await post(running.url, CHAT)).status, 200);
  now = Date.parse('2026-11-23T17:30:00Z');
  assert.equal((await post(running.url, CHAT)).status, 404);
});

test('an expression that cannot be evaluated does not hold, and is told by its place without a word of the request', async (t) => {
  const routes = [{ when: "request.headers['x-tier'] == 'gold'", targets: [{ provider: 'tagged' }] }];
  const running = await startRules(t, { routes });
  assert.equal((await post(running.url, CHAT)).status, 404);
  assert.deepEqual(running.records[0]?.failedExpressions, [
    { expression: 'AIRoute default/route-0 spec.rules[0].when', reason: 'no_such_key at line 1, column 1' },
  ]);
  assert.deepEqual(running.faults, []);
});

test('match and when must both hold', async (t) => {
  const match = { headers: [{ name: 'x-tier', value: 'gold' }] };
  const running = await startRules(t, {
    routes: [{ match, when: 'request.stream', targets: [{ provider: 'tagged' }] }],
  });
  const streamed = chatBody('a', { stream: true });
  assert.equal((await post(running.url, streamed, { 'x-tier': 'gold' })).status, 200);
  assert.equal((await post(running.url, streamed)).status, 404);
  assert.equal((await post(running.url, CHAT, { 'x-tier': 'gold' })).status, 404);
});

test('a rule sees what a large request holds, and of a prompt its end', async (t) => {
  const filler = 'all is well here '.repeat(20_000);
  const routes = [{ when: "request.pii && request.prompt.endsWith('at the end')", targets: [{ provider: 'tagged' }] }];
  const running = await startRules(t, { routes });
  assert.equal((await post(running.url, chatBody(`ada@example.org ${filler} at the end`))).status, 200);
  assert.equal((await post(running.url, chatBody(`${filler} at the end`))).status, 404);
});

test('a policy with an expression that does not compile is refused with its place, and the last good one stays', async (t) => {
  const running = await startRules(t, { routes: routesOf('request.stream') });
  const applied = running.sidecar.sink.applyPolicy(
    policyOf({
      providers: { plain: { type: 'Mock' } },
      routes: [{ when: 'request.nope', targets: [{ provider: 'plain' }] }],
    }),
    'hash-2',
  );
  assert.ok(!applied.applied);
  assert.match(
    applied.reason,
    /^AIRoute default\/route-0 spec\.rules\[0\]\.when: line 1, column 1: request has no "nope"/,
  );
  assert.equal((await post(running.url, chatBody('a', { stream: true }))).headers.get('x-remora-policy'), 'hash-1');
});
