/** What hedges are bounded by, and which requests have none. On a clock of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClientGone } from '#sidecar/pipeline/scope/request-scope';
import { CHAT, HEDGED, hedgeStage } from './stage.ts';

const BREAKER = { consecutiveFailures: 1, errorPercent: 100, firstTokenP95Ms: null, openForMs: 5_000 };
const withTargets = (words: object) => ({
  ...HEDGED,
  targets: HEDGED.targets.map((target) => ({ ...target, ...words })),
});

/** The hosts that a late request reaches. */
async function reached(
  t: Parameters<typeof hedgeStage>[0],
  route = HEDGED,
  ...asking: Parameters<ReturnType<typeof hedgeStage>['ask']>
): Promise<string> {
  const stage = hedgeStage(t, route);
  const asked = stage.ask(...asking);
  await stage.pass(2_000);
  const hosts = stage.asked();
  asked.scope.cancel(new ClientGone());
  await asked.done;
  assert.deepEqual(stage.faults, []);
  return hosts;
}

test('a route that states no hedge asks one target at a time', async (t) => {
  const { hedge: _, ...route } = HEDGED;
  assert.equal(await reached(t, route), 'first');
  assert.equal(await reached(t), 'first second');
});

test('so does one with a single target', async (t) => {
  assert.equal(await reached(t, { ...HEDGED, targets: HEDGED.targets.slice(0, 1) }), 'first');
});

test('a fallback is the next target too', async (t) => {
  const [first, ...fallbacks] = HEDGED.targets;
  assert.ok(first);
  assert.equal(await reached(t, { ...HEDGED, targets: [first], fallbacks }), 'first second');
});

const PICTURE = { model: 'chat', prompt: 'A cat.' };
const TOOLS = { ...CHAT, max_tokens: 9, mcp_servers: [{ type: 'url', url: 'https://tools.test', name: 'tools' }] };
const NEVER: Readonly<Record<string, Parameters<ReturnType<typeof hedgeStage>['ask']>>> = {
  'that is billed by the piece': [PICTURE, { path: '/v1/images/generations' }],
  'that the client repeats by itself': [CHAT, { headers: { 'x-stainless-retry-count': '1' } }],
  'that nobody waits for': [CHAT, { patienceMs: 60_000 }],
  'about what an account keeps': [
    { input_file_id: 'file-1', endpoint: '/v1/embeddings', completion_window: '24h' },
    { path: '/v1/batches', headers: { 'x-remora-provider': 'first' } },
  ],
  'that has the provider run tools': [TOOLS, { path: '/v1/messages' }],
};
for (const [what, asking] of Object.entries(NEVER)) {
  test(`a request ${what} is not hedged`, async (t) => {
    const route = { ...HEDGED, onUnsupported: 'Drop' } as const;
    assert.equal(await reached(t, route, ...asking), 'first');
  });
}

test('a variant on trial neither has a hedge nor is one', async (t) => {
  const trial = (provider: string) => [{ name: 'trial', percent: 100, target: { provider } }];
  const [first, second] = HEDGED.targets;
  assert.ok(first && second);
  const route = { ...HEDGED, targets: [first, second], variants: trial('third') };
  assert.equal(await reached(t, route), 'third');

  const stage = hedgeStage(t, {
    ...route,
    variants: [{ name: 'trial', percent: 100, target: { provider: 'third', circuitBreaker: BREAKER } }],
  });
  stage.ask();
  await stage.quiet();
  stage.exchange(0).refuse(500);
  await stage.pass(2_000);
  assert.equal(stage.asked(), 'third first second', 'those who answer in its place are hedged');
});

test('a target that is known to be unfit is passed over', async (t) => {
  const stage = hedgeStage(t, withTargets({ circuitBreaker: { ...BREAKER, openForMs: 60_000 } }));
  const asked = stage.ask();
  await stage.pass(500);
  stage.exchange(1).refuse(500);
  stage.exchange(0).answer('sound');
  await asked.done;
  stage.ask();
  await stage.pass(500);
  assert.equal(stage.asked(), 'first second first third');
});

test('hedges are no more than their share of the requests of the last minute, and none is free', async (t) => {
  const stage = hedgeStage(t, { ...HEDGED, hedge: { afterMs: 100, maxPercent: 5 } });
  const late = async (): Promise<boolean> => {
    const asked = stage.ask();
    await stage.pass(100);
    const hosts = stage.upstream.exchanges.filter(({ isUnderWay }) => isUnderWay).map(({ host }) => host);
    stage.exchange(-1).answer('late');
    await asked.done;
    return hosts.length > 1;
  };
  const hedged: boolean[] = [];
  for (let count = 0; count < 200; count += 1) hedged.push(await late());
  assert.equal(hedged.indexOf(true), 19, 'the twentieth request is the first with a hedge');
  assert.equal(hedged.filter(Boolean).length, 10);
  assert.equal(stage.upstream.exchanges.length, 210, 'no more attempts than 1.05 for each request');
  await stage.pass(65_000);
  assert.equal(await late(), false, 'what a former minute earned is gone');
});

test('a target that is tried out again and later than usual is left alone as after a failure', async (t) => {
  const stage = hedgeStage(t, { ...withTargets({ circuitBreaker: BREAKER }), hedge: { maxPercent: 100 } });
  for (let count = 0; count < 20; count += 1) {
    const asked = stage.ask();
    await stage.pass(200);
    stage.exchange(-1).answer('usual');
    await asked.done;
  }
  const failing = stage.ask();
  await stage.quiet();
  stage.exchange(-1).refuse(500);
  await stage.quiet();
  stage.exchange(-1).answer('next');
  await failing.done;
  await stage.pass(5_000);
  const trial = stage.ask();
  await stage.pass(400);
  assert.equal(stage.exchange(-2).host, 'first', 'it is tried out');
  stage.exchange(-1).answer('hedge');
  await trial.done;
  assert.deepEqual(stage.attempts(), ['first superseded', 'second ok hedge']);
  const after = stage.ask();
  await stage.quiet();
  assert.equal(stage.exchange(-1).host, 'second', 'nobody waits for it a second time');
  stage.exchange(-1).answer('next');
  await after.done;
  await stage.pass(10_000);
  const sound = stage.ask();
  await stage.pass(100);
  assert.equal(stage.exchange(-1).host, 'first');
  stage.exchange(-1).answer('sound again');
  await sound.done;
  stage.ask();
  await stage.quiet();
  assert.equal(stage.exchange(-1).host, 'first');
});

test('one that was answered by another sooner than it usually does is not judged', async (t) => {
  const stage = hedgeStage(t, {
    ...withTargets({ circuitBreaker: BREAKER }),
    hedge: { afterMs: 100, maxPercent: 100 },
  });
  const failing = stage.ask();
  await stage.quiet();
  stage.exchange(0).refuse(500);
  await stage.quiet();
  stage.exchange(1).answer('next');
  await failing.done;
  await stage.pass(5_000);
  for (let count = 0; count < 2; count += 1) {
    const trial = stage.ask();
    await stage.pass(100);
    assert.equal(stage.exchange(-2).host, 'first', 'it is tried out still');
    stage.exchange(-1).answer('hedge');
    await trial.done;
  }
});

type Step = { readonly what: 'answer' | 'refuse' | 'reset' | 'invalid' | 'leave' | 'pass'; readonly which: number };
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    what: fc.constantFrom(
      'answer',
      'refuse',
      'reset',
      'invalid',
      'leave',
      ...Array.from({ length: 6 }, () => 'pass' as const),
    ),
    which: fc.nat(5),
  }),
  { maxLength: 25 },
);

test('whatever happens in whatever order: two exchanges at most, one answer, each attempt booked once, nothing left behind', async (t) => {
  const seen: Record<string, number> = { hedged: 0, hedgeWon: 0, firstWon: 0, failed: 0, left: 0 };
  const property = fc.asyncProperty(steps, fc.boolean(), async (drawn, stream) => {
    const stage = hedgeStage(t, { ...withTargets({ maxRetries: 2 }), totalMs: 5_000 });
    const asked = stage.ask({ ...CHAT, stream });
    let hasLeft = false;
    for (const { what, which } of drawn) {
      await stage.pass(what === 'pass' ? 600 : 0);
      const running = stage.upstream.exchanges.filter(({ isUnderWay }) => isUnderWay);
      const chosen = running[which % Math.max(running.length, 1)];
      if (what === 'leave') {
        hasLeft = true;
        asked.scope.cancel(new ClientGone());
      } else if (what === 'answer') chosen?.answer('an answer');
      else if (what === 'refuse') chosen?.refuse(503);
      else if (what === 'invalid') chosen?.refuse(400);
      else if (what === 'reset') chosen?.reset();
    }
    await stage.pass(5_100);
    await asked.done;
    const { attempts = [], outcome } = stage.records[0] ?? {};
    assert.equal(stage.records.length, 1);
    assert.ok(stage.upstream.most <= 2, `${stage.upstream.most} at one time`);
    assert.equal(attempts.filter((attempt) => attempt.outcome === 'ok').length, outcome === 'ok' ? 1 : 0);
    assert.equal(stage.open.settled.length, stage.open.reserved.length);
    assert.deepEqual(
      stage.upstream.exchanges.filter(({ isUnderWay }) => isUnderWay),
      [],
    );
    assert.equal(stage.deadlines.size, 0);
    assert.deepEqual(stage.faults, []);
    if (!hasLeft) assert.notEqual(asked.answer(), undefined);
    const hedges = attempts.filter(({ hedge }) => hedge === true);
    if (hedges.length > 0) seen.hedged! += 1;
    if (hedges.some((hedge) => hedge.outcome === 'ok')) seen.hedgeWon! += 1;
    if (hedges.some((hedge) => hedge.outcome === 'superseded')) seen.firstWon! += 1;
    if (hedges.length > 0 && outcome !== 'ok' && !hasLeft) seen.failed! += 1;
    if (hedges.length > 0 && hasLeft) seen.left! += 1;
  });
  await fc.assert(property, { seed: 20_261_121, numRuns: 300 });
  // Else the property would hold of nothing.
  for (const [what, often] of Object.entries(seen)) assert.ok(often > 5, `${what}: ${often}`);
});
