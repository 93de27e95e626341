/**
 * The sidecar's side of the one stream: policy in; grants, usage and health both ways. While the operator is away the data plane runs
 * what it has, and asks for budget are refused.
 */
import type { Unfit } from '#contract/policy/unfit';
import type { MeasuredExperiment } from '#contract/policy/variant-counts';
import { encodeClosedUse } from '#contract/wire/codec';
import type { LastKnownGoodStore } from '#sidecar/policy/last-known-good';
import type { PolicySink, PolicySource } from '#sidecar/policy/policy-source';
import { REAL_TIMERS, type Timers, withDeadline } from '#sidecar/time/timers';
import type { ClosedUse, GrantAuthority } from '#treasury/grant-authority';
import { type Dial, dialOperator, type Inbound } from './connection.ts';
import { GrantClient, type Send } from './grant-client.ts';
import { HealthReporter } from './health-reporter.ts';
import { Link } from './link.ts';
import { PolicyReceiver } from './policy-receiver.ts';
import { type SharedUse, ShareReporter } from './share-reporter.ts';
import type { SyncLog } from './sync-log.ts';
import { type UsageOutbox, UsageReporter } from './usage-reporter.ts';
import { VariantReporter } from './variant-reporter.ts';

export interface SyncClientOptions {
  /** `host:port` of the operator. */
  readonly address: string;
  /** PEM; what the operator sends later takes its place. */
  readonly caPem: string;
  /** Read anew for each connection. */
  readonly tokenFile: string;
  /** Pod UID and a nonce per start. */
  readonly instance: string;
  readonly build: string;
  readonly lastKnownGood: LastKnownGoodStore;
  readonly outbox: UsageOutbox;
  /** What was spent of grants that are given back. Default: nothing is known of that. */
  readonly closed?: () => readonly ClosedUse[];
  /** What this sidecar found unfit, for the others. */
  readonly unfit: () => readonly Unfit[];
  /** How the variants of its routes do here. Default: it has none. */
  readonly variants?: () => readonly MeasuredExperiment[];
  /** What this sidecar shares with all pods. */
  readonly shared: () => SharedUse;
  readonly log: SyncLog;
  /** Default: gRPC over TLS. */
  readonly dial?: Dial;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly timers?: Timers;
}

interface Readers {
  readonly receiver: PolicyReceiver;
  readonly sink: PolicySink;
}

const PROTOCOL_VERSION = 1;

export class SyncClient implements PolicySource {
  readonly authority: GrantAuthority;
  readonly #options: SyncClientOptions;
  readonly #timers: Timers;
  readonly #grants: GrantClient;
  readonly #usage: UsageReporter;
  readonly #health: HealthReporter;
  readonly #variants: VariantReporter;
  readonly #shares: ShareReporter;
  #link: Link | undefined;
  #send: Send | undefined;
  #onSettled: (() => void) | undefined;

  constructor(options: SyncClientOptions) {
    this.#options = options;
    this.#timers = options.timers ?? REAL_TIMERS;
    this.#grants = new GrantClient(this.#timers);
    this.#usage = new UsageReporter(options.outbox, this.#timers);
    this.#health = new HealthReporter(options.unfit, this.#timers);
    this.#variants = new VariantReporter(options.instance, options.variants ?? (() => []), this.#timers);
    this.#shares = new ShareReporter(options.shared, this.#timers);
    this.authority = {
      ask: (budget, window, needed) => this.#grants.ask(budget, window, needed),
      giveBack: (grant, final) => this.#grants.giveBack(grant, final),
      shrink: (grant) => this.#grants.shrink(grant),
      onRecall: (take) => this.#grants.onRecall(take),
      leave: () => this.#grants.leave(),
      report: () => this.#usage.report(),
      isReachable: () => this.#grants.isReachable(),
    };
  }

  /** Runs the last known good policy before it returns, then connects, and connects again whenever that is lost. */
  start(sink: PolicySink): void {
    const { address, tokenFile, lastKnownGood, log, now, random, dial = dialOperator } = this.#options;
    const receiver = new PolicyReceiver({ sink, lastKnownGood, log });
    this.#link = new Link({
      dial,
      peer: () => ({ address, tokenFile, caPem: receiver.caPem ?? this.#options.caPem }),
      hello: () => ({
        protocolVersion: PROTOCOL_VERSION,
        build: this.#options.build,
        instance: this.#options.instance,
        heldSections: receiver.held(),
        openGrants: this.#usage.openGrants(),
        closed: (this.#options.closed?.() ?? []).map(encodeClosedUse),
      }),
      onWelcome: (send) => this.#connected(send),
      onMessage: (message) => this.#receive(message, { receiver, sink }),
      onLost: () => this.#lost(),
      log,
      timers: this.#timers,
      now: now ?? (() => performance.now()),
      random: random ?? Math.random,
    });
    this.#link.start();
  }

  /** Resolves when the operator has confirmed every return and all usage, or after `withinMs`. Without a connection it is dialled at once. */
  async settle(withinMs: number): Promise<void> {
    this.#variants.flush();
    if (this.#settled()) return;
    const settled = new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
    this.#usage.finish();
    this.#link?.hurry();
    await withDeadline(this.#timers, withinMs, settled).catch(() => {});
  }

  async close(): Promise<void> {
    this.#link?.close();
    this.#grants.close();
    this.#usage.close();
    this.#health.close();
    this.#variants.close();
    this.#shares.close();
  }

  #settled(): boolean {
    return this.#grants.isSettled && this.#usage.settled;
  }

  #connected(send: Send): void {
    this.#send = send;
    this.#grants.connected(send);
    this.#usage.connected(send);
    this.#health.connected(send);
    this.#variants.connected(send);
    this.#shares.connected(send);
  }

  #lost(): void {
    this.#send = undefined;
    this.#grants.disconnected();
    this.#usage.disconnected();
    this.#health.disconnected();
    this.#variants.disconnected();
    this.#shares.disconnected();
  }

  #receive(message: Inbound, { receiver, sink }: Readers): void {
    switch (message.$case) {
      case 'policyUpdate':
        this.#send?.(receiver.policy(message.value));
        return;
      case 'secretsUpdate':
        this.#send?.(receiver.secrets(message.value));
        return;
      case 'trustUpdate':
        this.#send?.(receiver.trust(message.value));
        return;
      case 'hints':
        this.#health.hinted(message.value, sink);
        return;
      case 'shares':
        this.#shares.told(message.value);
        return;
      case 'usageAck':
        this.#usage.acknowledged(message.value.seq);
        break;
      default:
        // Grants are the client's.
        this.#grants.receive(message);
    }
    if (this.#settled()) this.#onSettled?.();
  }
}
