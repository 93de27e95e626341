/** A sidecar's end of the stream that says nothing by itself. */
import { createSecureContext } from 'node:tls';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  PolicyServiceClient,
  type PolicyUpdate,
  type SyncRequest,
  type SyncResponse,
} from '#contract/wire/gen/remora/policy/v1/sync';
import { type TestOperator, until, type World } from './harness.ts';

/** Where the stream leads, and what ends it. */
export interface StreamWorld extends Pick<World, 'onClose'> {
  readonly authority: { readonly caPem: string };
}

/** A client that says exactly what the test says. */
export function rawStream(world: StreamWorld, operator: Pick<TestOperator, 'port'>, token: string | null) {
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
    /** As when the connection is lost. */
    cut: () => call.cancel(),
    say: (message: SyncRequest['message']) => void call.write({ message }),
    hello: (heldSections: Record<string, string> = {}) =>
      void call.write({
        message: {
          $case: 'hello',
          value: { protocolVersion: 1, build: 'raw', instance: 'pod-1.1', heldSections, openGrants: [], closed: [] },
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
