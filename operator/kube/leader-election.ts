/**
 * One writer among the replicas, by a Lease. Election is not fencing: a leader acts only until its renew deadline on the monotonic
 * clock, and whatever must be safe under two leaders relies on compare-and-swap, not on this.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '#operator/telemetry/log';
import type { KubeClient } from './kube-client.ts';
import { hasStatus } from './kube-error.ts';
import {
  heldBy,
  type LeaseObservation,
  type LeaseSpec,
  mayHold,
  observe,
  RENEW_DEADLINE_MS,
  RETRY_PERIOD_MS,
  released,
} from './lease-decision.ts';
import { apiVersionOf, type KubeObject, LEASE, pathOf } from './resource-type.ts';

type Lease = KubeObject & { readonly spec?: LeaseSpec };

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process. */
  readonly identity: string;
  readonly log: Logger;
  /** Called when this process starts or ceases to lead. */
  readonly onChange: (leads: boolean) => void;
}

export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #stop = new AbortController();
  #seen: LeaseObservation | undefined;
  #leadsUntil = 0;
  #announced = false;
  #running: Promise<void> | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Whether this process may act as the leader right now. */
  get leads(): boolean {
    return performance.now() < this.#leadsUntil;
  }

  /** Stops acting at once and frees the Lease for another replica. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    const held = this.leads;
    this.#leadsUntil = 0;
    this.#announce();
    if (held)
      await this.#release().catch((error) => this.#options.log.warn({ err: error }, 'could not free the lease'));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        if (await this.#tryHold()) this.#leadsUntil = startedAt + RENEW_DEADLINE_MS;
        else this.#leadsUntil = 0;
      } catch (error) {
        // A conflict is another replica being faster; anything else may pass before the renew deadline does.
        if (!hasStatus(error, 409)) this.#options.log.warn({ err: error }, 'could not reach the lease');
      }
      this.#announce();
      await delay(RETRY_PERIOD_MS * (1 + Math.random() * 0.2), undefined, { signal }).catch(() => undefined);
      this.#announce();
    }
  }

  #announce(): void {
    if (this.leads === this.#announced) return;
    this.#announced = this.leads;
    this.#options.log.info({ lease: this.#options.name, leads: this.leads }, this.leads ? 'leading' : 'not leading');
    this.#options.onChange(this.leads);
  }

  async #tryHold(): Promise<boolean> {
    const lease = await this.#read();
    if (!lease) {
      await this.#create();
      return true;
    }
    this.#seen = observe(this.#seen, lease.metadata.resourceVersion ?? '', performance.now());
    const spec = lease.spec ?? {};
    if (!mayHold(spec, this.#options.identity, performance.now() - this.#seen.observedAt)) return false;
    await this.#write(lease, heldBy(this.#options.identity, spec, microTime()));
    return true;
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#options.client.call<Lease>({
        method: 'GET',
        path: pathOf(LEASE, this.#options),
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(RENEW_DEADLINE_MS / 2)]),
      });
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async #create(): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    await client.create(LEASE, namespace, {
      apiVersion: apiVersionOf(LEASE),
      kind: LEASE.kind,
      metadata: { namespace, name },
      spec: heldBy(identity, undefined, microTime()),
    });
  }

  async #write(lease: Lease, spec: LeaseSpec): Promise<void> {
    const { client, namespace, name } = this.#options;
    await client.call({
      method: 'PUT',
      path: pathOf(LEASE, { namespace, name }),
      body: { apiVersion: apiVersionOf(LEASE), kind: LEASE.kind, metadata: { ...lease.metadata, namespace }, spec },
      signal: AbortSignal.timeout(RENEW_DEADLINE_MS / 2),
    });
  }

  async #release(): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    const lease = await client.get<Lease>(LEASE, { namespace, name });
    if (lease.spec?.holderIdentity === identity) await this.#write(lease, released(lease.spec, microTime()));
  }
}

const microTime = (): string => new Date().toISOString().replace('Z', '000Z');
