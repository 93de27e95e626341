import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { policyHash } from '#contract/policy/hash';
import { policyOf, published, type TestOperator, until, WORKLOAD, World } from './harness.ts';
import { rawStream } from './raw-stream.ts';

async function open(t: TestContext): Promise<{ world: World; operator: TestOperator }> {
  const world = await World.open();
  t.after(() => world.close());
  return { world, operator: await world.operator() };
}

test('a held acknowledgement keeps the sidecar behind, and only the newest policy follows it, as a delta', async (t) => {
  const { world, operator } = await open(t);
  const first = policyOf(['a', 'b']);
  operator.server.publish(WORKLOAD, published(first));
  const stream = rawStream(world, operator, 'token-pod-1');
  stream.hello();
  await stream.ackSecrets();
  await until('the first policy', () => stream.policies().length === 1);
  for (const names of [['c'], ['d'], ['a', 'b', 'e']]) operator.server.publish(WORKLOAD, published(policyOf(names)));
  assert.equal(operator.states.get('pod-1')?.ackedHash, null);
  // A message that this operator does not know is ignored.
  stream.say(undefined);
  stream.say({ $case: 'policyAck', value: { nonce: stream.policies()[0]?.nonce ?? 0, hash: policyHash(first) } });
  await until('the newest', () => stream.policies().length === 2);
  assert.equal(operator.states.get('pod-1')?.ackedHash, policyHash(first));
  const [full, delta] = stream.policies();
  assert.equal(full?.full, true);
  assert.equal(delta?.full, false);
  assert.equal(delta?.hash, policyHash(policyOf(['a', 'b', 'e'])));
  assert.deepEqual(delta?.changed.map(({ name }) => name).sort(), ['base', 'provider/shop/e']);
});

test('a stream without a token, or with a wrong one, ends before anything is sent', async (t) => {
  const { world, operator } = await open(t);
  operator.server.publish(WORKLOAD, published(policyOf(['a']), { 'shop/a/api-key': 'sk-1' }));
  for (const token of [null, 'wrong']) {
    const stream = rawStream(world, operator, token);
    stream.hello();
    await until('the refusal', () => stream.ended.error !== undefined);
    assert.equal(stream.ended.error?.code, status.UNAUTHENTICATED);
    assert.deepEqual(stream.received, []);
  }
});

test('a second stream of a pod takes the place of the first, and the pod counts as connected throughout', async (t) => {
  const { world, operator } = await open(t);
  const first = rawStream(world, operator, 'token-pod-1');
  first.hello();
  await until('connected', () => operator.states.has('pod-1'));
  const second = rawStream(world, operator, 'token-pod-1');
  second.hello();
  await until('replaced', () => first.ended.error !== undefined);
  assert.equal(first.ended.error?.code, status.ABORTED);
  await until('welcomed', () => second.received.length > 0);
  assert.ok(operator.states.has('pod-1'));
});
