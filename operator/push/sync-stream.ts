/** One gRPC stream of one authenticated pod: feeds what happens to the session, carries out what the session decides. */
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Unfit } from '#contract/policy/unfit';
import type { SyncRequest, SyncResponse, UsageReport } from '#contract/wire/gen/remora/policy/v1/sync';
import type { SourceCounts } from '#contract/wire/variant-codec';
import type { GrantRequests } from './grant-requests.ts';
import type { PreparedPolicy } from './prepared-policy.ts';
import { type EndCode, type Session, type SessionEffect, type SessionEvent, stepSession } from './session.ts';
import type { ShareReport, ToldShares } from './share-board.ts';

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
  readonly desk: (send: (message: Message) => boolean) => GrantRequests;
  /** The session's view of the sidecar has changed. */
  readonly onState: (session: Session) => void;
  /** Resolves to false when the records should be sent again. */
  readonly onUsage: (report: UsageReport) => Promise<boolean>;
  /** All that the sidecar finds unfit now. */
  readonly onHealth: (unfit: readonly Unfit[]) => void;
  /** All that the sidecar has of what is shared over the fleet. */
  readonly onShares: (report: ShareReport) => void;
  readonly onVariants: (told: readonly SourceCounts[]) => void;
  /** Once, however the stream ended. */
  readonly onEnd: (reason: string) => void;
}

export class SyncStream {
  readonly #options: SyncStreamOptions;
  readonly #desk: GrantRequests;
  #session: Session;
  #ended = false;

  constructor(options: SyncStreamOptions) {
    const { call } = options;
    this.#options = options;
    this.#session = options.session;
    this.#desk = options.desk((message) => this.#send(message));
    call.on('data', (request: SyncRequest) => this.#dispatch({ type: 'message', message: request.message }));
    call.on('drain', () => this.#dispatch({ type: 'writable' }));
    call.on('end', () => {
      this.#close('The sidecar closed the stream.');
      call.end();
    });
    call.on('cancelled', () => this.#close('The connection was lost.'));
    call.on('error', () => this.#close('The stream failed.'));
  }

  want(policy: PreparedPolicy | null): void {
    this.#dispatch({ type: 'wanted', policy });
  }

  /** What other sidecars report of this one's targets. */
  hint(unfit: readonly Unfit[]): void {
    this.#dispatch({ type: 'hints', unfit });
  }

  share(told: ToldShares | null): void {
    this.#dispatch({ type: 'shares', told });
  }

  tick(): void {
    this.#dispatch({ type: 'tick' });
  }

  /** The server is leaving: the sidecar should come back, to another replica, after a random wait up to this. */
  drain(reconnectWithinSeconds: number): void {
    this.#send({ $case: 'drain', value: { reconnectWithinSeconds } });
  }

  end(code: keyof typeof STATUS, reason: string): void {
    if (this.#ended) return;
    this.#close(reason);
    this.#options.call.emit('error', { code: STATUS[code], details: reason });
  }

  #close(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#desk.close();
    this.#options.onEnd(reason);
  }

  #dispatch(event: SessionEvent): void {
    const [next, effects] = stepSession(this.#session, event, this.#options.now());
    this.#session = next;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: SessionEffect): void {
    switch (effect.do) {
      case 'send':
        this.#send(effect.message);
        return;
      case 'tell':
        this.#options.onState(this.#session);
        return;
      case 'ask':
        void this.#desk.ask(effect.ask, effect.budget);
        return;
      case 'give back':
        void this.#desk.giveBack(effect.grant);
        return;
      case 'greet':
        this.#desk.greet(effect.hello, effect.budgets);
        return;
      case 'report':
        void this.#report(effect);
        return;
      case 'health':
        this.#options.onHealth(effect.unfit);
        return;
      case 'variants':
        this.#options.onVariants(effect.told);
        return;
      case 'share':
        this.#options.onShares(effect.report);
        return;
      case 'end':
        this.end(effect.code, effect.reason);
    }
  }

  /** False when the stream is gone and nothing was sent. */
  #send(message: Message): boolean {
    const { call } = this.#options;
    if (this.#ended || call.cancelled) return false;
    if (!call.write({ message })) this.#dispatch({ type: 'blocked' });
    return true;
  }

  async #report({ grants, report }: SessionEffect & { readonly do: 'report' }): Promise<void> {
    const taken = await this.#desk.report(grants);
    if (!taken || !report) return;
    if (await this.#options.onUsage(report)) this.#send({ $case: 'usageAck', value: { seq: report.seq } });
  }
}
