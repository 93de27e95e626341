/** Keeps one connection to the operator for as long as the sidecar lives: dials, greets, beats, notices silence, and comes back. */
import type { Hello } from '#contract/wire/gen/remora/policy/v1/sync';
import type { Timers } from '#sidecar/time/timers';
import type { Connection, Dial, Inbound, Outbound, Peer } from './connection.ts';
import { HEALTHY_MS, reconnectDelayMs } from './reconnect-delay.ts';
import type { SyncLog } from './sync-log.ts';

export interface LinkOptions {
  readonly dial: Dial;
  /** Asked for each connection. */
  readonly peer: () => Peer;
  readonly hello: () => Hello;
  /** The operator has welcomed us; `send` works until `onLost`. */
  readonly onWelcome: (send: (message: Outbound) => boolean) => void;
  readonly onMessage: (message: Inbound) => void;
  readonly onLost: () => void;
  readonly log: SyncLog;
  readonly timers: Timers;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** From dialling until Welcome. */
const WELCOME_WITHIN_MS = 10_000;
const HEARTBEAT_MS = 15_000;
const SILENCE_MS = 3 * HEARTBEAT_MS;

export class Link {
  readonly #options: LinkOptions;
  #connection: Connection | undefined;
  #welcomedAtMs: number | undefined;
  #heardAtMs = 0;
  #failures = 0;
  #draining = false;
  #hurried = false;
  /** For the moment of the next dialling. */
  #waiting = false;
  #closed = false;
  /** The timers of the present connection, or the one that waits for the next. */
  #cancels: (() => void)[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#dial();
  }

  /** The sidecar has little time left: it dials now where it waits for that, and from now on never waits longer than after a first failure. */
  hurry(): void {
    this.#hurried = true;
    if (!this.#waiting || this.#closed) return;
    this.#cancelTimers();
    void this.#dial();
  }

  close(): void {
    this.#closed = true;
    this.#connection?.end('The sidecar is leaving.');
    this.#cancelTimers();
  }

  async #dial(): Promise<void> {
    const { dial, peer, hello, timers, now } = this.#options;
    this.#heardAtMs = now();
    this.#waiting = false;
    try {
      const connection = await dial(peer(), {
        onMessage: (message) => this.#receive(message),
        onEnd: (reason) => this.#lost(reason),
      });
      this.#connection = connection;
    } catch (error) {
      return this.#lost(error instanceof Error ? error.message : 'The operator cannot be dialled.');
    }
    if (this.#closed) return this.#connection.end('The sidecar is leaving.');
    this.#connection.send({ $case: 'hello', value: hello() });
    this.#cancels.push(timers.after(WELCOME_WITHIN_MS, () => this.#giveUpUnwelcome()));
  }

  #giveUpUnwelcome(): void {
    if (this.#welcomedAtMs === undefined) this.#connection?.end('The operator did not answer in time.');
  }

  #receive(message: Inbound): void {
    this.#heardAtMs = this.#options.now();
    switch (message.$case) {
      case 'welcome':
        this.#welcome();
        return;
      case 'drain':
        this.#drain(message.value.reconnectWithinSeconds);
        return;
      case 'heartbeat':
        return;
      default:
        this.#pass(message);
    }
  }

  #pass(message: Inbound): void {
    try {
      this.#options.onMessage(message);
    } catch {
      // Its text may quote what was sent.
      this.#connection?.end(`The operator sent a malformed ${message.$case}.`);
    }
  }

  #welcome(): void {
    if (this.#welcomedAtMs !== undefined) return;
    const { now, timers, log, peer, onWelcome } = this.#options;
    this.#welcomedAtMs = now();
    this.#cancels.push(timers.every(HEARTBEAT_MS, () => this.#beat()));
    log.info({ operator: peer().address }, 'connected to the operator');
    onWelcome((message) => this.#connection?.send(message) ?? false);
  }

  #beat(): void {
    if (this.#options.now() - this.#heardAtMs >= SILENCE_MS)
      this.#connection?.end('Nothing was heard from the operator.');
    else this.#connection?.send({ $case: 'heartbeat', value: { unixMs: Date.now() } });
  }

  /** Everybody leaves at a moment of their own, so that the other replicas are not met by all at once. */
  #drain(withinSeconds: number): void {
    if (this.#draining) return;
    this.#draining = true;
    const { timers, random } = this.#options;
    const waitMs = random() * withinSeconds * 1_000;
    this.#cancels.push(timers.after(waitMs, () => this.#connection?.end('The operator is leaving.')));
  }

  #lost(reason: string): void {
    const { now, random, timers, log, onLost } = this.#options;
    const healthy = this.#welcomedAtMs !== undefined && now() - this.#welcomedAtMs >= HEALTHY_MS;
    if (healthy || this.#draining || this.#hurried) this.#failures = 0;
    const delayMs = reconnectDelayMs(this.#failures, random());
    this.#failures += 1;
    this.#welcomedAtMs = undefined;
    this.#connection = undefined;
    this.#draining = false;
    this.#cancelTimers();
    onLost();
    if (this.#closed) return;
    log.warn({ reason, retryInMs: Math.round(delayMs) }, 'no connection to the operator');
    this.#waiting = true;
    this.#cancels.push(timers.after(delayMs, () => void this.#dial()));
  }

  #cancelTimers(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
