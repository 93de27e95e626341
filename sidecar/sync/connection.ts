/** One connection to the operator with its one stream. It ends once, with a reason; the next one is another connection. */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { PolicyServiceClient, type SyncRequest, type SyncResponse } from '#contract/wire/gen/remora/policy/v1/sync';

export type Outbound = NonNullable<SyncRequest['message']>;
export type Inbound = NonNullable<SyncResponse['message']>;

export interface Peer {
  /** `host:port`. */
  readonly address: string;
  /** The only certificates by which the operator is known. */
  readonly caPem: string;
  /** Read for each connection, since kubelet rotates the token. */
  readonly tokenFile: string;
}

export interface ConnectionEvents {
  readonly onMessage: (message: Inbound) => void;
  /** Once. `reason` holds neither token nor content. */
  readonly onEnd: (reason: string) => void;
}

/** Rejects with an error whose message is fit for the log. */
export type Dial = (peer: Peer, events: ConnectionEvents) => Promise<Connection>;

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

export const dialOperator: Dial = async ({ address, caPem, tokenFile }, events) => {
  const token = await readToken(tokenFile);
  if (token === undefined) throw new Error(`The token cannot be read from ${tokenFile}.`);
  const client = new PolicyServiceClient(address, credentialsOf(caPem), CHANNEL_OPTIONS);
  return openStream(client, token, events);
};

function credentialsOf(caPem: string) {
  try {
    return credentials.createFromSecureContext(createSecureContext({ ca: caPem, minVersion: 'TLSv1.3' }));
  } catch {
    throw new Error('The CA certificates of the operator cannot be read.');
  }
}

/** undefined when there is none, or an empty one. */
async function readToken(path: string): Promise<string | undefined> {
  try {
    const token = (await readFile(path, 'utf8')).trim();
    // Anything else cannot be a header, and its error would quote it.
    return /^[\x21-\x7e]+$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
}

function openStream(client: PolicyServiceClient, token: string, { onMessage, onEnd }: ConnectionEvents): Connection {
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
