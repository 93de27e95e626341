/** One connection to the operator with its one stream. It ends once, with a reason; the next one is another connection. */
import { createSecureContext } from 'node:tls';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { PolicyServiceClient, type SyncRequest, type SyncResponse } from '#contract/wire/gen/remora/policy/v1/sync';

export type Outbound = NonNullable<SyncRequest['message']>;
export type Inbound = NonNullable<SyncResponse['message']>;

export interface ConnectionOptions {
  /** `host:port`. */
  readonly address: string;
  /** The only certificates by which the operator is known. */
  readonly caPem: string;
  readonly token: string;
  readonly onMessage: (message: Inbound) => void;
  /** Once. `reason` holds neither token nor content. */
  readonly onEnd: (reason: string) => void;
}

export interface Connection {
  /** False when the connection is over. */
  send(message: Outbound): boolean;
  end(reason: string): void;
}

/** Messages that may wait for an operator that does not read; then the connection is given up. */
const MAX_WAITING = 2_000;
const REASON_MAX_CHARS = 200;
const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_send_message_length': 4 * 1024 * 1024,
  // A proxy that is meant for providers must not stand between the sidecar and the operator.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
  // Each connection resolves and dials anew; a shared pool would make it wait for the back-off of a former one.
  'grpc.use_local_subchannel_pool': 1,
} as const;

/** Throws when the CA is not PEM. */
export function openConnection({ address, caPem, token, onMessage, onEnd }: ConnectionOptions): Connection {
  const context = createSecureContext({ ca: caPem, minVersion: 'TLSv1.3' });
  const client = new PolicyServiceClient(address, credentials.createFromSecureContext(context), CHANNEL_OPTIONS);
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const call = client.sync(metadata);
  let over = false;
  const end = (reason: string): void => {
    if (over) return;
    over = true;
    call.cancel();
    client.close();
    onEnd(reason.slice(0, REASON_MAX_CHARS));
  };
  call.on('data', (response: SyncResponse) => {
    // A message of a newer operator decodes to nothing.
    if (!over && response.message) onMessage(response.message);
  });
  call.on('error', (error: ServiceError) => end(error.details || 'The connection failed.'));
  call.on('end', () => end('The operator closed the stream.'));
  return {
    send(message) {
      if (over) return false;
      if (call.writableLength > MAX_WAITING) end('The operator does not read.');
      else call.write({ message });
      return !over;
    },
    end,
  };
}
