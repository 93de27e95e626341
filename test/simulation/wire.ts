/**
 * One stream between a sidecar and an operator, as both see it, with messages in their wire form: each way keeps its order, a message
 * arrives when the world says, and a cut loses what is under way. Either side hears of the end when the world says, or never.
 */
import { EventEmitter } from 'node:events';
import { SyncRequest, SyncResponse } from '#contract/wire/gen/remora/policy/v1/sync';
import type { SyncCall } from '#operator/push/sync-stream';
import type { Connection, ConnectionEvents } from '#sidecar/sync/connection';

/** What the operator's end of a gRPC stream can do, as far as `SyncStream` uses it. */
class OperatorEnd extends EventEmitter {
  cancelled = false;
  readonly #send: (response: SyncResponse) => void;

  constructor(send: (response: SyncResponse) => void) {
    super();
    this.#send = send;
  }

  write(response: SyncResponse): boolean {
    this.#send(response);
    return true;
  }

  end(): void {}
}

type Arrival = () => void;

export class Wire implements Connection {
  readonly call: SyncCall;
  /** Nothing arrives while it is, and nobody hears why. */
  isFrozen = false;
  readonly #end: OperatorEnd;
  readonly #events: ConnectionEvents;
  readonly #up: Arrival[] = [];
  readonly #down: Arrival[] = [];
  #sidecarGone = false;
  #operatorGone = false;

  constructor(events: ConnectionEvents) {
    this.#events = events;
    this.#end = new OperatorEnd((response) => this.#toSidecar(response));
    // Of a stream that ends with a status; `SyncStream` ends one by emitting this.
    this.#end.on('error', () => this.#closeDown('The operator ended the stream.'));
    this.call = this.#end as unknown as SyncCall;
  }

  get isOver(): boolean {
    return this.#sidecarGone && this.#operatorGone;
  }

  /** How many arrivals wait, both ways. */
  get underway(): number {
    return this.isFrozen ? 0 : this.#up.length + this.#down.length;
  }

  /** The oldest of one way arrives. */
  deliver(which: number): void {
    const [one, other] = which % 2 === 0 ? [this.#up, this.#down] : [this.#down, this.#up];
    (one.shift() ?? other.shift())?.();
  }

  send(message: NonNullable<SyncRequest['message']>): boolean {
    if (this.#sidecarGone) return false;
    const bytes = SyncRequest.encode({ message }).finish();
    this.#up.push(() => this.#operatorGone || this.#end.emit('data', SyncRequest.decode(bytes)));
    return true;
  }

  /** By the sidecar: what it has sent is on its way still. */
  end(reason: string): void {
    if (this.#sidecarGone) return;
    this.#up.push(() => this.#operatorLoses());
    this.#sidecarLoses(reason);
  }

  /** Everything under way is lost; each side learns of it in its time. */
  cut(): void {
    this.#up.length = 0;
    this.#down.length = 0;
    this.isFrozen = false;
    this.#up.push(() => this.#operatorLoses());
    this.#down.push(() => this.#sidecarLoses('The connection was lost.'));
  }

  /** One of the processes is gone at once, and all that it would have said. */
  sidecarDied(): void {
    this.#sidecarGone = true;
    this.#down.length = 0;
    this.#up.push(() => this.#operatorLoses());
  }

  operatorDied(): void {
    this.#operatorGone = true;
    this.#end.cancelled = true;
    this.#up.length = 0;
    this.#down.push(() => this.#sidecarLoses('The connection was lost.'));
  }

  #toSidecar(response: SyncResponse): void {
    const bytes = SyncResponse.encode(response).finish();
    this.#down.push(() => {
      const { message } = SyncResponse.decode(bytes);
      if (!this.#sidecarGone && message) this.#events.onMessage(message);
    });
  }

  #closeDown(reason: string): void {
    this.#operatorGone = true;
    this.#end.cancelled = true;
    this.#down.push(() => this.#sidecarLoses(reason));
  }

  #sidecarLoses(reason: string): void {
    if (this.#sidecarGone) return;
    this.#sidecarGone = true;
    this.#events.onEnd(reason);
  }

  #operatorLoses(): void {
    if (this.#operatorGone) return;
    this.#operatorGone = true;
    this.#end.cancelled = true;
    this.#end.emit('cancelled');
  }
}
