import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { policyHash } from '#contract/policy/hash';
import { newAuthority, policyOf, published, until, World } from './harness.ts';

async function open(t: TestContext): Promise<World> {
  const world = await World.open();
  t.after(() => world.close());
  return world;
}

test('a policy reaches every sidecar of its workload and each acknowledgement is told', async (t) => {
  const world = await open(t);
  const operator = await world.operator();
  const policy = policyOf(['openai']);
  const sidecars = ['pod-1', 'pod-2', 'pod-3'].map((uid) => world.started(uid, operator.port));
  operator.server.publish('shop/Deployment/other', published(policyOf(['foreign'])));
  operator.server.publish('shop/Deployment/app', published(policy, { 'shop/openai/api-key': 'sk-1' }));
  const hash = policyHash(policy);
  await until(
    'three acknowledgements',
    () => [...operator.states.values()].every((state) => state.ackedHash === hash) && operator.states.size === 3,
  );
  for (const { sink } of sidecars) {
    assert.deepEqual(sink.applied, [hash]);
    assert.deepEqual(sink.policy, policy);
    assert.equal(sink.credentials.get('shop/openai/api-key'), 'sk-1');
  }
});

test('a refused policy shows its reason, keeps the old one, and is not sent again', async (t) => {
  const world = await open(t);
  const operator = await world.operator();
  const good = policyOf(['openai']);
  const bad = policyOf(['openai', 'broken']);
  operator.server.publish('shop/Deployment/app', published(good));
  const { sink } = world.started('pod-1', operator.port);
  await until('the first policy', () => operator.states.get('pod-1')?.ackedHash === policyHash(good));
  sink.refuseWith = `the pattern does not compile\n${'x'.repeat(400)}`;
  operator.server.publish('shop/Deployment/app', published(bad));
  await until('the refusal', () => operator.states.get('pod-1')?.nack !== null);
  const state = operator.states.get('pod-1');
  assert.equal(state?.ackedHash, policyHash(good));
  assert.equal(state?.nack?.hash, policyHash(bad));
  assert.match(state?.nack?.reason ?? '', /^the pattern does not compile x+$/);
  assert.ok((state?.nack?.reason ?? '').length <= 256);
  assert.deepEqual(sink.policy, good);
  // The same hash published anew is no reason to send it again; another one is.
  sink.refuseWith = undefined;
  operator.server.publish('shop/Deployment/app', published(bad));
  const better = policyOf(['openai', 'mended']);
  operator.server.publish('shop/Deployment/app', published(better));
  await until('the mended policy', () => operator.states.get('pod-1')?.ackedHash === policyHash(better));
  assert.equal(operator.states.get('pod-1')?.nack, null);
  assert.deepEqual(sink.applied, [policyHash(good), policyHash(better)]);
  assert.deepEqual(sink.policy, better, 'what was acknowledged is what runs');
});

test('no running policy ever misses a credential while a route moves from one provider to another', async (t) => {
  const world = await open(t);
  const operator = await world.operator();
  operator.server.publish('shop/Deployment/app', published(policyOf(['a']), { 'shop/a/api-key': 'ka' }));
  const { sink } = world.started('pod-1', operator.port);
  await until('the first policy', () => sink.applied.length === 1);
  operator.server.publish('shop/Deployment/app', published(policyOf(['b']), { 'shop/b/api-key': 'kb' }));
  await until('the former key is gone', () => sink.applied.length === 2 && !sink.credentials.has('shop/a/api-key'));
  assert.deepEqual(sink.held, [['shop/a/api-key'], ['shop/a/api-key', 'shop/b/api-key'], ['shop/b/api-key']]);
});

test('a rotated credential travels without the policy', async (t) => {
  const world = await open(t);
  const operator = await world.operator();
  const policy = policyOf(['a']);
  operator.server.publish('shop/Deployment/app', published(policy, { 'shop/a/api-key': 'old' }));
  const { sink } = world.started('pod-1', operator.port);
  await until('the first policy', () => sink.applied.length === 1);
  operator.server.publish('shop/Deployment/app', published(policy, { 'shop/a/api-key': 'new' }));
  await until('the new key', () => sink.credentials.get('shop/a/api-key') === 'new');
  assert.equal(sink.applied.length, 1);
});

test('after a restart of the operator sidecars come back and apply nothing twice', async (t) => {
  const world = await open(t);
  const first = await world.operator();
  const policy = policyOf(['openai']);
  const hash = policyHash(policy);
  first.server.publish('shop/Deployment/app', published(policy));
  const { sink } = world.started('pod-1', first.port);
  await until('the first policy', () => first.states.get('pod-1')?.ackedHash === hash);
  await first.stop();
  const second = await world.operator(first.port);
  second.server.publish('shop/Deployment/app', published(policy));
  await until('the reconnect', () => second.states.get('pod-1')?.ackedHash === hash);
  assert.deepEqual(sink.applied, [hash]);
  const changed = policyOf(['openai', 'more']);
  second.server.publish('shop/Deployment/app', published(changed));
  await until('the change', () => second.states.get('pod-1')?.ackedHash === policyHash(changed));
});

test('a draining operator sends its sidecars away, and another one takes them', async (t) => {
  const world = await open(t);
  const first = await world.operator();
  const { client, sink } = world.sidecar('pod-1', first.port, { random: () => 0 });
  client.start(sink);
  await until('connected', () => first.states.has('pod-1'));
  first.server.drain();
  await until('gone', () => !first.states.has('pod-1'));
  await first.stop();
  const second = await world.operator(first.port);
  await until('back', () => second.states.has('pod-1'));
});

test('a restarted container runs its last good policy and credentials with the operator away', async (t) => {
  const world = await open(t);
  const operator = await world.operator();
  const policy = policyOf(['openai']);
  operator.server.publish('shop/Deployment/app', published(policy, { 'shop/openai/api-key': 'sk-secret' }));
  const before = world.started('pod-1', operator.port);
  await until('the policy', () => operator.states.get('pod-1')?.ackedHash === policyHash(policy));
  await before.client.close();
  await operator.stop();
  const file = join(before.stateDir, 'last-known-good');
  assert.equal(statSync(file).mode & 0o777, 0o600);

  const after = world.started('pod-1', operator.port);
  assert.deepEqual(after.sink.applied, [policyHash(policy)]);
  assert.equal(after.sink.credentials.get('shop/openai/api-key'), 'sk-secret');
  await after.client.close();

  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('sk-secret', 'sk-broken'));
  const damaged = world.started('pod-1', operator.port);
  assert.deepEqual(damaged.sink.applied, []);
  assert.match(JSON.stringify(damaged.log.lines), /the last good policy is not used/);
  assert.doesNotMatch(JSON.stringify(damaged.log.lines), /sk-/);
});

test('an operator of another authority, and a pod with a wrong token, get nothing from each other', async (t) => {
  const world = await open(t);
  const operator = await world.operator();
  operator.server.publish('shop/Deployment/app', published(policyOf(['openai']), { 'shop/openai/api-key': 'sk-1' }));
  const foreign = await newAuthority();
  const wrongCa = world.started('pod-1', operator.port, { caPem: foreign.caPem });
  await until(
    'two tries',
    () => wrongCa.log.lines.filter((line) => line.message.startsWith('no connection')).length > 1,
  );
  assert.equal(operator.states.size, 0);

  const tokenFile = join(world.dir, 'wrong-token');
  writeFileSync(tokenFile, 'very-secret-wrong-token');
  const wrongToken = world.started('pod-2', operator.port, { tokenFile });
  await until('the refusal', () => operator.log.lines.length > 0);
  await until('the reason', () => JSON.stringify(wrongToken.log.lines).includes('The token was refused'));
  assert.equal(operator.states.size, 0);
  assert.deepEqual([...wrongCa.sink.held, ...wrongToken.sink.held], []);
  assert.doesNotMatch(JSON.stringify([operator.log.lines, wrongToken.log.lines]), /very-secret-wrong-token/);

  // The file is read anew for each connection, so that a rotated token is picked up.
  writeFileSync(tokenFile, 'token-pod-2');
  await until('accepted', () => wrongToken.sink.applied.length === 1);
});
