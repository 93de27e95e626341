import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptFailure } from '#sidecar/errors/attempt-failure';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { type CompiledTarget, compileSnapshot } from '#sidecar/pipeline/policy/snapshot';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { buildRequest } from '#test/support/build-request';
import { CircuitBreakers } from './circuit-breakers.ts';
import { CoolDowns } from './cool-downs.ts';
import { Parking } from './parking.ts';
import { RefusedCredentials } from './refused-credentials.ts';
import { SharedHints } from './shared-hints.ts';
import { type AttemptEnd, TargetHealth } from './target-health.ts';

const MINUTE_MS = 60_000;
const BREAKER = { consecutiveFailures: 2, errorPercent: 50, firstTokenP95Ms: null, openForMs: MINUTE_MS };

function targets(...names: string[]): CompiledTarget[] {
  const policy = buildPolicy({
    providers: ['shop/one', 'shop/two'].map((key) => buildProvider(key, { credential: `${key}/key` })),
    routes: [
      buildRoute(
        'shop/chat',
        names.map((name) => buildTarget('shop', name, { circuitBreaker: BREAKER })),
      ),
    ],
  });
  return [...(compileSnapshot(policy, 'hash', compileGuardrails).routes.get('chat')?.rules[0]?.targets ?? [])];
}

const candidateOf = (target: CompiledTarget, credential = 'a'): Candidate => ({
  target,
  provider: target.provider,
  model: target.policy.model,
  credential,
  source: null,
  request: buildRequest(),
  maskedBy: [],
  outputGuard: null,
});

const refusal = (kind: AttemptFailure['kind'], status: number): AttemptFailure => ({
  kind,
  status,
  target: '',
  provider: '',
  message: '',
});

function world(...names: string[]) {
  let nowMs = 1_000;
  const clock = () => nowMs;
  const hints = new SharedHints(clock);
  const health = new TargetHealth([
    new Parking(clock),
    new CoolDowns(clock),
    new CircuitBreakers(clock),
    hints,
    new RefusedCredentials(),
  ]);
  const candidates = targets(...names).map((target) => candidateOf(target));
  const order = (of: readonly Candidate[] = candidates) => {
    for (const candidate of of) {
      const concerns = health.concerns(candidate);
      const isConcern = concerns.some(({ isUnfit }) => isUnfit);
      assert.equal(health.isUnfit(candidate), isConcern, 'what is told of a target is what moves it');
      for (const { reason, isUnfit, forMs } of concerns) assert.ok(reason !== '' && (!isUnfit || forMs > 0));
    }
    return health.order(of).map(({ target }) => target.policy.name);
  };
  const attempted = (index: number, end: AttemptEnd) => {
    const candidate = candidates[index];
    assert.ok(candidate);
    health.attempted(candidate, end);
  };
  return { health, hints, candidates, order, attempted, pass: (ms: number) => (nowMs += ms) };
}

test('order() tries every model of a provider last once it answered 401, and that model alone after 403 or spent quota', () => {
  for (const [end, expected] of [
    [refusal('auth', 401), ['two/c', 'one/a', 'one/b']],
    [refusal('auth', 403), ['one/b', 'two/c', 'one/a']],
    [refusal('quota', 429), ['one/b', 'two/c', 'one/a']],
    [refusal('overloaded', 503), ['one/a', 'one/b', 'two/c']],
  ] as const) {
    const { order, attempted } = world('one/a', 'one/b', 'two/c');
    attempted(0, end);
    assert.deepEqual(order(), expected, `${end.kind} ${end.status}`);
  }
});

test('order() forgets a refusal after ten minutes, and at once with another credential', () => {
  const { order, attempted, candidates, pass } = world('one/a', 'two/c');
  attempted(0, refusal('auth', 401));
  const renewed = candidates.map(({ target }) => candidateOf(target, 'b'));
  assert.deepEqual(order(renewed), ['one/a', 'two/c']);
  assert.deepEqual(order(), ['two/c', 'one/a']);
  pass(10 * MINUTE_MS);
  assert.deepEqual(order(), ['one/a', 'two/c']);
});

test('unfit() tells what was refused here, never what others hinted, and nothing of a credential that was replaced', () => {
  const { health, hints, attempted } = world('one/a', 'two/c');
  attempted(0, refusal('auth', 401));
  hints.replace([{ provider: 'shop/two', model: null, reason: 'auth' }], MINUTE_MS);
  assert.deepEqual(health.unfit(), [{ provider: 'shop/one', model: null, reason: 'auth' }]);
  health.sweep(new Map([['shop/one/key', 'a']]));
  assert.equal(health.unfit().length, 1);
  health.sweep(new Map([['shop/one/key', 'b']]));
  assert.deepEqual(health.unfit(), []);
});

test('unfit() keeps to itself that the identity of this pod was refused, since other pods have their own', () => {
  const { health, candidates } = world('one/a', 'two/c');
  const told: string[] = [];
  const source = { current: () => 'token', secrets: () => [], refused: () => void told.push('refused') };
  const [first] = candidates;
  assert.ok(first);
  health.attempted({ ...first, credential: null, source }, refusal('auth', 401));
  assert.deepEqual(health.unfit(), []);
  assert.equal(told.length, 1, 'its source is told');
  health.attempted({ ...first, credential: null, source }, refusal('auth', 403));
  assert.equal(told.length, 1, 'a token that may not do this is a token all the same');
});

test('order() follows a hint until its time is over or it is taken back', () => {
  const { order, hints, pass } = world('one/a', 'one/b', 'two/c');
  hints.replace([{ provider: 'shop/one', model: 'a', reason: 'quota' }], MINUTE_MS);
  assert.deepEqual(order(), ['one/b', 'two/c', 'one/a']);
  pass(MINUTE_MS);
  assert.deepEqual(order(), ['one/a', 'one/b', 'two/c']);
  hints.replace([{ provider: 'shop/one', model: null, reason: 'auth' }], MINUTE_MS);
  assert.deepEqual(order(), ['two/c', 'one/a', 'one/b']);
  hints.replace([], MINUTE_MS);
  assert.deepEqual(order(), ['one/a', 'one/b', 'two/c']);
});

const OK: AttemptEnd = { kind: 'ok', firstContentMs: 10 };
const OUTAGE = { provider: 'shop/one', model: 'a', reason: 'outage' };

test('unfit() tells an open circuit breaker until it closes, but not one that opened because the way there is broken', () => {
  for (const [kind, told] of [
    ['server-error', [OUTAGE]],
    ['timeout', [OUTAGE]],
    ['connect', []],
    ['dns', []],
    ['tls', []],
  ] as const) {
    const { health, attempted, order } = world('one/a', 'two/c');
    attempted(0, refusal(kind, 500));
    assert.deepEqual(health.unfit(), []);
    attempted(0, refusal(kind, 500));
    assert.deepEqual(health.unfit(), told, kind);
    assert.deepEqual(order(), ['two/c', 'one/a'], kind);
  }
});

test('sweep() forgets a closed breaker that is quiet, and keeps an open one', () => {
  const { health, attempted, order, pass } = world('one/a', 'two/c');
  attempted(0, refusal('server-error', 500));
  pass(MINUTE_MS);
  health.sweep(new Map());
  attempted(0, refusal('server-error', 500));
  assert.deepEqual(order(), ['one/a', 'two/c'], 'the first failure is forgotten');
  attempted(0, refusal('server-error', 500));
  health.sweep(new Map());
  assert.deepEqual(order(), ['two/c', 'one/a']);
  pass(10 * MINUTE_MS);
  health.sweep(new Map());
  assert.deepEqual(health.unfit(), []);
});

test('a hint of an outage holds until the sidecar itself sees the target work, and opens no breaker', () => {
  const { health, order, hints, attempted, pass } = world('one/a', 'two/c');
  hints.replace([OUTAGE], 10 * MINUTE_MS);
  assert.deepEqual(order(), ['two/c', 'one/a']);
  assert.deepEqual(health.unfit(), [], 'what was only heard is not told on');
  attempted(0, OK);
  assert.deepEqual(order(), ['one/a', 'two/c']);
  hints.replace([OUTAGE], 10 * MINUTE_MS);
  assert.deepEqual(order(), ['one/a', 'two/c'], 'told again, and still known better');
  attempted(0, refusal('server-error', 500));
  assert.deepEqual(order(), ['two/c', 'one/a']);
  attempted(0, OK);
  pass(MINUTE_MS);
  assert.deepEqual(order(), ['two/c', 'one/a'], 'our own word grows old');
});

test('a target that limited our rate is tried last until its wait is over, a success came, or with another account', () => {
  for (const [retryAfterMs, waitMs] of [
    [undefined, 1_000],
    [7_000, 7_000],
    [3_600_000, MINUTE_MS],
  ] as const) {
    const { order, attempted, candidates, pass, health } = world('one/a', 'one/b', 'two/c');
    const limited = { ...refusal('rate-limited', 429), ...(retryAfterMs !== undefined && { retryAfterMs }) };
    attempted(0, limited);
    assert.deepEqual(order(), ['one/b', 'two/c', 'one/a'], 'other models of the account are not concerned');
    const renewed = candidates.map(({ target }) => candidateOf(target, 'b'));
    assert.deepEqual(order(renewed), ['one/a', 'one/b', 'two/c']);
    assert.deepEqual(health.unfit(), [], 'too short to be told');
    pass(waitMs - 1);
    assert.deepEqual(order(), ['one/b', 'two/c', 'one/a']);
    pass(1);
    assert.deepEqual(order(), ['one/a', 'one/b', 'two/c']);
    attempted(0, limited);
    attempted(0, OK);
    assert.deepEqual(order(), ['one/a', 'one/b', 'two/c']);
  }
});

test('of a model with several breakers, as routes of other thresholds have, the worst is told, and each change once', () => {
  const changes: string[] = [];
  let nowMs = 0;
  const breakers = new CircuitBreakers(
    () => nowMs,
    ({ provider, model, state }) => void changes.push(`${provider} ${model} ${state}`),
  );
  const [hasty] = targets('one/a');
  assert.ok(hasty);
  const strict = candidateOf(hasty);
  const patient = candidateOf({ ...hasty, breaker: 'another' });
  for (const candidate of [strict, strict, patient, patient]) breakers.attempted(candidate, refusal('timeout', 408));
  assert.deepEqual(changes, ['shop/one a open']);
  nowMs += MINUTE_MS;
  breakers.turnBegan(strict);
  breakers.attempted(strict, OK);
  assert.deepEqual(changes, ['shop/one a open'], 'the other one is open yet');
  breakers.turnBegan(patient);
  breakers.attempted(patient, OK);
  assert.deepEqual(changes, ['shop/one a open', 'shop/one a half-open', 'shop/one a closed']);
});
