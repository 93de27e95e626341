import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { policyHash } from '#contract/policy/hash';
import type { Policy } from '#contract/policy/policy';
import { heldOf, sectionsOf } from '#contract/policy/sections';
import type { PolicyUpdate, SecretsUpdate, SyncRequest } from '#contract/wire/gen/remora/policy/v1/sync';
import { buildBudget, buildPolicy, buildProvider } from '#test/support/build-policy';
import { type PreparedPolicy, preparePolicy } from './prepared-policy.ts';
import { type Session, type SessionEffect, type SessionEvent, startSession, stepSession } from './session.ts';

const policyOf = (...names: readonly string[]): Policy =>
  buildPolicy({ providers: names.map((name) => buildProvider(`n/${name}`)) });
const prepared = (policy: Policy, keys: Record<string, string> = {}, previous?: PreparedPolicy): PreparedPolicy =>
  preparePolicy({ policy, hash: policyHash(policy), credentials: new Map(Object.entries(keys)) }, previous);

/** Drives one session and keeps what it did. */
class Driver {
  session: Session;
  effects: SessionEffect[] = [];
  nowMs = 0;

  constructor(wanted: PreparedPolicy | null, caPem: string | null = null) {
    this.session = startSession({ nowMs: 0, wanted, caPem });
  }

  step(event: SessionEvent): readonly SessionEffect[] {
    const [session, effects] = stepSession(this.session, event, this.nowMs);
    this.session = session;
    this.effects.push(...effects);
    return effects;
  }

  say(message: NonNullable<SyncRequest['message']>): readonly SessionEffect[] {
    return this.step({ type: 'message', message });
  }

  hello(held: Policy | null = null, openGrants: { grantId: string }[] = []): readonly SessionEffect[] {
    const heldSections = held === null ? {} : Object.fromEntries(heldOf(sectionsOf(held)));
    const grants = openGrants.map((grant) => ({
      ...grant,
      budgetId: 'b',
      window: 'w',
      used: '1',
      reserved: '0',
      amount: '',
    }));
    const value = { protocolVersion: 1, build: '', instance: 'pod.1', heldSections, openGrants: grants, closed: [] };
    return this.say({ $case: 'hello', value });
  }

  at(nowMs: number): readonly SessionEffect[] {
    this.nowMs = nowMs;
    return this.step({ type: 'tick' });
  }

  /** Answers as a good sidecar until nothing is asked of it. */
  settle(): void {
    for (let { inFlight } = this.session; inFlight; { inFlight } = this.session) {
      const { nonce } = inFlight;
      if (inFlight.kind === 'policy') this.say({ $case: 'policyAck', value: { nonce, hash: inFlight.policy.hash } });
      else this.say({ $case: `${inFlight.kind}Ack`, value: { nonce } });
    }
  }

  sent<Case extends 'policyUpdate' | 'secretsUpdate' | 'trustUpdate'>(kind: Case): unknown[] {
    return this.effects.flatMap((effect) =>
      effect.do === 'send' && effect.message.$case === kind ? [effect.message.value] : [],
    );
  }

  get policies(): PolicyUpdate[] {
    return this.sent('policyUpdate') as PolicyUpdate[];
  }

  get secrets(): SecretsUpdate[] {
    return this.sent('secretsUpdate') as SecretsUpdate[];
  }

  get ended(): string | undefined {
    return this.effects.find((effect) => effect.do === 'end')?.reason;
  }
}

test('nothing is sent before Hello, and a stream without one ends after five seconds', () => {
  const driver = new Driver(prepared(policyOf('a')), 'ca');
  assert.deepEqual(driver.at(4_999), []);
  assert.deepEqual(
    driver.at(5_000).map((effect) => effect.do),
    ['end'],
  );
  assert.deepEqual(driver.hello(), []);
});

test('the first message must be Hello, and it comes once', () => {
  const early = new Driver(null);
  early.say({ $case: 'heartbeat', value: { unixMs: 0 } });
  assert.match(early.ended ?? '', /first message/);
  const twice = new Driver(null);
  twice.hello();
  twice.hello();
  assert.match(twice.ended ?? '', /twice/);
});

test('a change travels as the sections that differ', () => {
  const driver = new Driver(prepared(policyOf('a', 'b', 'c')));
  driver.hello(policyOf('a', 'b'));
  driver.settle();
  const [update] = driver.policies;
  assert.equal(update?.full, false);
  assert.deepEqual(update?.changed.map(({ name }) => name).sort(), ['base', 'provider/n/c']);
  assert.deepEqual(update?.removed, []);
  driver.step({ type: 'wanted', policy: prepared(policyOf('b', 'c')) });
  driver.settle();
  assert.deepEqual(
    driver.policies[1]?.changed.map(({ name }) => name),
    ['base'],
  );
  assert.deepEqual(driver.policies[1]?.removed, ['provider/n/a']);
});

test('a sidecar that runs the wanted policy already is told nothing but its credentials', () => {
  const policy = policyOf('a');
  const driver = new Driver(prepared(policy, { k: 'v' }));
  driver.hello(policy);
  driver.settle();
  assert.equal(driver.policies.length, 0);
  assert.deepEqual(
    driver.secrets.map(({ additive }) => additive),
    [false],
  );
  assert.equal(driver.session.running.hash, policyHash(policy));
});

test('while an acknowledgement is held, newer state replaces what waits and the sidecar counts as behind', () => {
  const driver = new Driver(prepared(policyOf('a')));
  driver.hello();
  driver.say({ $case: 'secretsAck', value: { nonce: 1 } });
  for (const name of ['b', 'c', 'd']) driver.step({ type: 'wanted', policy: prepared(policyOf(name)) });
  assert.equal(driver.policies.length, 1);
  assert.equal(driver.session.running.hash, null);
  driver.settle();
  assert.deepEqual(
    driver.policies.map(({ hash }) => hash),
    [policyHash(policyOf('a')), policyHash(policyOf('d'))],
  );
});

test('an update that is not answered within 30 seconds ends the stream', () => {
  const driver = new Driver(prepared(policyOf('a')));
  driver.hello();
  driver.nowMs = 20_000;
  driver.say({ $case: 'heartbeat', value: { unixMs: 0 } });
  driver.at(29_999);
  assert.equal(driver.ended, undefined);
  driver.at(30_000);
  assert.match(driver.ended ?? '', /not answered/);
});

test('a delta that does not fit is followed by one full update, and a full one that does not fit counts as refused', () => {
  const driver = new Driver(prepared(policyOf('a', 'b')));
  driver.hello(policyOf('a'));
  driver.say({ $case: 'secretsAck', value: { nonce: 1 } });
  const kept = policyHash(policyOf('a'));
  driver.say({ $case: 'policyNack', value: { nonce: 2, keptHash: kept, reason: 'mismatch', wantFull: true } });
  assert.deepEqual(
    driver.policies.map(({ full }) => full),
    [false, true],
  );
  driver.say({ $case: 'policyNack', value: { nonce: 3, keptHash: kept, reason: 'mismatch', wantFull: true } });
  assert.equal(driver.policies.length, 2);
  assert.deepEqual(driver.session.refused, { hash: policyHash(policyOf('a', 'b')), reason: 'mismatch' });
});

test('credentials are added before the policy that needs them and taken away after it', () => {
  const first = prepared(policyOf('a'), { a: '1' });
  const driver = new Driver(first);
  driver.hello();
  driver.settle();
  driver.step({ type: 'wanted', policy: prepared(policyOf('b'), { b: '2' }, first) });
  driver.settle();
  const kinds = driver.effects.flatMap((effect) => (effect.do === 'send' ? [effect.message.$case] : []));
  assert.deepEqual(kinds, [
    'welcome',
    'secretsUpdate',
    'policyUpdate',
    'secretsUpdate',
    'policyUpdate',
    'secretsUpdate',
  ]);
  assert.deepEqual(
    driver.secrets.map(({ additive }) => additive),
    [false, true, false],
  );
});

test('budgets are looked up in the published policy, and an unknown one is not honoured', () => {
  const budget = buildBudget('n/b/l', 5n);
  const driver = new Driver(prepared({ ...policyOf('a'), budgets: [budget] }));
  driver.hello();
  const ask = { seq: 1, budgetId: 'n/b/l', window: 'w', needed: '1' };
  assert.deepEqual(driver.say({ $case: 'grantAsk', value: ask }), [{ do: 'ask', ask, budget }]);
  const foreign = { ...ask, budgetId: 'other/b/l' };
  assert.deepEqual(driver.say({ $case: 'grantAsk', value: foreign }), [{ do: 'ask', ask: foreign, budget: undefined }]);
});

test('a partition is asked for under its limit, and only where the limit has partitions', () => {
  const [plain, each] = [buildBudget('n/b/plain', 5n), buildBudget('n/b/each', 7n, { per: ['user'] })];
  const driver = new Driver(prepared({ ...policyOf('a'), budgets: [plain, each] }));
  driver.hello();
  const budgetFor = (budgetId: string) => {
    const ask = { seq: 1, budgetId, window: 'w', needed: '1' };
    const [effect] = driver.say({ $case: 'grantAsk', value: ask });
    assert.ok(effect?.do === 'ask');
    return effect.budget;
  };
  const partition = 'a'.repeat(32);
  assert.deepEqual(budgetFor(`n/b/each/${partition}`), { ...each, id: `n/b/each/${partition}` });
  assert.equal(budgetFor(`n/b/plain/${partition}`), undefined, 'a forged partition of a limit without any');
  assert.equal(budgetFor('n/b/each'), undefined, 'the limit itself has no book');
  for (const forged of ['ann', 'A'.repeat(32), `${partition}0`, `${partition}/x`, '', `${partition}/`])
    assert.equal(budgetFor(`n/b/each/${forged}`), undefined, forged);
  // A sidecar that has yet to hear of a change asks under the limit as it runs it.
  driver.settle();
  driver.step({ type: 'wanted', policy: prepared({ ...policyOf('b'), budgets: [plain] }) });
  assert.equal(budgetFor(`n/b/each/${partition}`)?.amount, '7');
});

test('grants that Hello names are reported', () => {
  const driver = new Driver(null);
  const effects = driver.hello(null, [{ grantId: 'g' }]);
  assert.ok(effects.some((effect) => effect.do === 'report' && effect.grants[0]?.grantId === 'g' && !effect.report));
});

test('heartbeats go out every 15 seconds, and silence of 45 seconds ends the stream', () => {
  const driver = new Driver(null);
  driver.hello();
  assert.deepEqual(driver.at(14_999), []);
  assert.deepEqual(
    driver.at(15_000).map((effect) => effect.do),
    ['send'],
  );
  assert.deepEqual(
    driver.at(44_999).map((effect) => effect.do),
    ['send'],
  );
  assert.deepEqual(
    driver.at(45_000).map((effect) => effect.do),
    ['end'],
  );
});

test('a sidecar that does not read gets nothing more and loses its stream after ten seconds', () => {
  const driver = new Driver(null);
  driver.hello();
  driver.nowMs = 1_000;
  driver.step({ type: 'blocked' });
  assert.deepEqual(driver.step({ type: 'wanted', policy: prepared(policyOf('a')) }), []);
  driver.at(10_999);
  assert.equal(driver.ended, undefined);
  driver.at(11_000);
  assert.match(driver.ended ?? '', /does not read/);
  const recovered = new Driver(null);
  recovered.hello();
  recovered.step({ type: 'blocked' });
  recovered.step({ type: 'wanted', policy: prepared(policyOf('a')) });
  assert.equal(recovered.step({ type: 'writable' }).length, 1);
});

test('unknown messages and stale nonces are ignored', () => {
  const driver = new Driver(prepared(policyOf('a')), 'ca');
  driver.hello();
  const before = driver.session;
  driver.step({ type: 'message', message: undefined });
  driver.say({ $case: 'policyAck', value: { nonce: 99, hash: 'x' } });
  driver.say({ $case: 'secretsAck', value: { nonce: 99 } });
  driver.say({ $case: 'trustAck', value: { nonce: 99 } });
  assert.deepEqual(driver.session, before);
});

test('however publishing, answers and time interleave, one update is unanswered at most and the sidecar ends with the last policy', () => {
  const action = fc.oneof(
    fc.record({ do: fc.constant('publish' as const), names: fc.subarray(['a', 'b', 'c'], { minLength: 1 }) }),
    fc.record({ do: fc.constant('answer' as const) }),
    fc.record({ do: fc.constant('block' as const) }),
    fc.record({ do: fc.constant('unblock' as const) }),
  );
  const run = (actions: readonly (typeof action extends fc.Arbitrary<infer A> ? A : never)[]): void => {
    let last = prepared(policyOf('a'), { a: 'key' });
    const driver = new Driver(last);
    driver.hello();
    let sentBefore = 1;
    for (const next of actions) {
      if (next.do === 'publish') {
        last = prepared(policyOf(...next.names), Object.fromEntries(next.names.map((name) => [name, 'key'])), last);
        driver.step({ type: 'wanted', policy: last });
      } else if (next.do === 'answer') {
        const { inFlight } = driver.session;
        if (inFlight?.kind === 'policy')
          driver.say({ $case: 'policyAck', value: { nonce: inFlight.nonce, hash: inFlight.policy.hash } });
        else if (inFlight) driver.say({ $case: 'secretsAck', value: { nonce: inFlight.nonce } });
      } else driver.step({ type: next.do === 'block' ? 'blocked' : 'writable' });
      const sent = driver.policies.length + driver.secrets.length;
      assert.ok(sent <= sentBefore + 1, 'two updates at once');
      sentBefore = sent;
    }
    driver.step({ type: 'writable' });
    driver.settle();
    assert.equal(driver.session.running.hash, last.hash);
    assert.deepEqual(driver.session.secrets, { version: last.credentialsVersion, exact: true });
  };
  fc.assert(fc.property(fc.array(action, { maxLength: 30 }), run), { seed: 20261121, numRuns: 300 });
});

test('a health report is passed on within bounds, and hints wait for no update but for a peer that reads', () => {
  const driver = new Driver(prepared(policyOf('a')));
  driver.hello();
  assert.ok(driver.session.inFlight, 'an update is unanswered');
  const told = [{ provider: 'n/a', model: '', reason: 'auth' }];
  const report = [...told, { provider: '', model: 'm', reason: 'auth' }, { provider: 'n/b', model: 'm', reason: '\n' }];
  assert.deepEqual(driver.say({ $case: 'healthReport', value: { unfit: report } }), [
    {
      do: 'health',
      unfit: [
        { provider: 'n/a', model: null, reason: 'auth' },
        { provider: 'n/b', model: 'm', reason: 'other' },
      ],
    },
  ]);
  driver.step({ type: 'blocked' });
  const hint: SessionEvent = { type: 'hints', unfit: [{ provider: 'n/a', model: null, reason: 'auth' }] };
  assert.deepEqual(driver.step(hint), []);
  assert.deepEqual(driver.step({ type: 'writable' }), [
    { do: 'send', message: { $case: 'hints', value: { unfit: told, ttlSeconds: 30 } } },
  ]);
});
