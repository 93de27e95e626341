/** Lets a stream in once its token has proved a pod; nothing is sent and nothing is read before. */
import { type Metadata, status } from '@grpc/grpc-js';
import type { PushLog } from './push-log.ts';
import type { SidecarIdentity } from './sidecar-state.ts';
import type { SyncCall } from './sync-stream.ts';

/** Streams that have not proved themselves yet; more are refused and come back after their back-off. */
const MAX_OPENING = 1_000;

export interface StreamAdmissionOptions {
  readonly authenticate: (token: string) => Promise<SidecarIdentity>;
  readonly log: PushLog;
}

/** Resolves to undefined when the stream was refused or is gone; it then has its status already. */
export type AdmitStream = (call: SyncCall) => Promise<SidecarIdentity | undefined>;

export function createStreamAdmission({ authenticate, log }: StreamAdmissionOptions): AdmitStream {
  let opening = 0;
  return async (call) => {
    if (opening >= MAX_OPENING) return refuse(call, status.RESOURCE_EXHAUSTED, 'Too many streams open at once.');
    const token = bearerOf(call.metadata);
    if (token === undefined) return refuse(call, status.UNAUTHENTICATED, 'A token is needed: authorization: Bearer …');
    opening += 1;
    try {
      const identity = await authenticate(token);
      return call.cancelled ? undefined : identity;
    } catch (error) {
      log.warn({ peer: call.getPeer(), reason: withoutToken(error, token) }, 'a sidecar was refused');
      return refuse(call, status.UNAUTHENTICATED, "The token was refused; the operator's log says why.");
    } finally {
      opening -= 1;
    }
  };
}

export function refuse(call: SyncCall, code: status, details: string): undefined {
  call.emit('error', { code, details });
}

function bearerOf(metadata: Metadata): string | undefined {
  const [value] = metadata.get('authorization');
  const [, token] = /^Bearer (\S+)$/.exec(String(value ?? '')) ?? [];
  return token;
}

const withoutToken = (error: unknown, token: string): string =>
  error instanceof Error ? error.message.replaceAll(token, '…') : 'unknown';
