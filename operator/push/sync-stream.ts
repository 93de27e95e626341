/** One gRPC stream of one authenticated pod: feeds what happens to the session, carries out what the session decides. */
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { SyncRequest, SyncResponse, UsageReport } from '#contract/wire/gen/remora/policy/v1/sync';
import type { GrantDesk } from './grant-desk.ts';
import type { PreparedPolicy } from './prepared-policy.ts';
import { type EndCode, type Session, type SessionEffect, type SessionEvent, stepSession } from './session.ts';

export type SyncCall = ServerDuplexStream<SyncRequest, SyncResponse>;
type Message = NonNullable<SyncResponse['message']>;

const STATUS: Record<EndCode | 'leaving' | 'replaced', status> = {
  deadline: status.DEADLINE_EXCEEDED,
  invalid: status.INVALID_ARGUMENT,
  overloaded: status.RESOURCE_EXHAUSTED,
  leaving: status.UNAVAILABLE,
  replaced: status.ABORTED,
};

export interface SyncStreamOptions {
  readonly call: SyncCall;
  readonly session: Session;
  readonly now: () => number;
  readonly desk: (send: (message: Message) => boolean) => GrantDesk;
  /** The session's view of the sidecar has changed. */
  readonly onState: (session: Session) => void;
  readonly onUsage: (report: UsageReport) => void;
  /** Once, however the stream ended. */
  readonly onEnd: (reason: string) => void;
}

export interface SyncStream {
  readonly session: Session;
  want(policy: PreparedPolicy | null): void;
  tick(): void;
  /** The server is leaving: the sidecar should come back, to another replica, after a random wait up to this. */
  drain(reconnectWithinSeconds: number): void;
  end(code: EndCode | 'leaving' | 'replaced', reason: string): void;
}

export function openSyncStream(options: SyncStreamOptions): SyncStream {
  const { call, now, onState, onUsage, onEnd } = options;
  let session = options.session;
  let ended = false;

  const close = (reason: string): void => {
    if (ended) return;
    ended = true;
    onEnd(reason);
  };
  const end = (code: keyof typeof STATUS, reason: string): void => {
    if (ended) return;
    close(reason);
    call.emit('error', { code: STATUS[code], details: reason });
  };
  const send = (message: Message): boolean => {
    if (ended || call.cancelled) return false;
    if (!call.write({ message })) dispatch({ type: 'blocked' });
    return true;
  };
  const desk = options.desk(send);

  const report = async (effect: SessionEffect & { readonly do: 'report' }): Promise<void> => {
    const taken = await desk.report(effect.grants);
    if (!taken || !effect.report) return;
    onUsage(effect.report);
    send({ $case: 'usageAck', value: { seq: effect.report.seq } });
  };
  const perform = (effect: SessionEffect): void => {
    switch (effect.do) {
      case 'send':
        send(effect.message);
        return;
      case 'tell':
        onState(session);
        return;
      case 'ask':
        void desk.ask(effect.ask, effect.budget);
        return;
      case 'give back':
        void desk.giveBack(effect.grant);
        return;
      case 'report':
        void report(effect);
        return;
      case 'end':
        end(effect.code, effect.reason);
    }
  };
  const dispatch = (event: SessionEvent): void => {
    const [next, effects] = stepSession(session, event, now());
    session = next;
    for (const effect of effects) perform(effect);
  };

  call.on('data', (request: SyncRequest) => dispatch({ type: 'message', message: request.message }));
  call.on('drain', () => dispatch({ type: 'writable' }));
  call.on('end', () => {
    close('The sidecar closed the stream.');
    call.end();
  });
  call.on('cancelled', () => close('The connection was lost.'));
  call.on('error', () => close('The stream failed.'));
  return {
    get session() {
      return session;
    },
    want: (policy) => dispatch({ type: 'wanted', policy }),
    tick: () => dispatch({ type: 'tick' }),
    drain: (reconnectWithinSeconds) => {
      send({ $case: 'drain', value: { reconnectWithinSeconds } });
    },
    end,
  };
}
