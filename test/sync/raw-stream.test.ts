import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { policyHash } from '#contract/policy/hash';
import {
  PolicyServiceClient,
  type PolicyUpdate,
  type SyncRequest,
  type SyncResponse,
} from '#contract/wire/gen/remora/policy/v1/sync';
import { policyOf, published, type TestOperator, until, WORKLOAD, World } from './harness.ts';

/** A client that says exactly what the test says. */
function rawStream(world: World, operator: TestOperator, token: string | null) {
  const context = createSecureContext({ ca: world.authority.caPem, minVersion: 'TLSv1.3' });
  const client = new PolicyServiceClient(`localhost:${operator.port}`, credentials.createFromSecureContext(context));
  const metadata = new Metadata();
  if (token !== null) metadata.set('authorization', `Bearer ${token}`);
  const call = client.sync(metadata);
  const received: NonNullable<SyncResponse['message']>[] = [];
  const ended: { error?: ServiceError } = {};
  call.on('data', ({ message }: SyncResponse) => message && received.push(message));
  call.on('error', (error: ServiceError) => {
    ended.error = error;
  });
  world.onClose(async () => {
    call.cancel();
    client.close();
  });
  return {
    received,
    ended,
    say: (message: SyncRequest['message']) => void call.write({ message }),
    hello: (heldSections: Record<string, string> = {}) =>
      void call.write({
        message: {
          $case: 'hello',
          value: { protocolVersion: 1, build: 'raw', instance: 'pod-1.1', heldSections, openGrants: [] },
        },
      }),
    policies: () =>
      received.flatMap((message): PolicyUpdate[] => (message.$case === 'policyUpdate' ? [message.value] : [])),
    ackSecrets: async () => {
      await until('secrets', () => received.some((message) => message.$case === 'secretsUpdate'));
      const secrets = received.find((message) => message.$case === 'secretsUpdate');
      if (secrets?.$case === 'secretsUpdate')
        call.write({ message: { $case: 'secretsAck', value: { nonce: secrets.value.nonce } } });
    },
  };
}

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
