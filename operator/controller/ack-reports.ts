/**
 * Who runs which policy, over all replicas: what our own streams said, what the other replicas wrote into their ConfigMaps, and our
 * own ConfigMap for them. Only status depends on it (docs/decisions: acks across replicas).
 */
import { hostname } from 'node:os';
import { LABEL } from '#contract/names/api';
import {
  ACKS_DATA_KEY,
  type AckReport,
  decodeAcks,
  encodeAcks,
  MAX_REPORT_CHARS,
  mergeAcks,
  type SidecarAck,
} from '#contract/wire/ack-report';
import type { KubeClient } from '#operator/kube/kube-client';
import { Reflector } from '#operator/kube/reflector';
import { CONFIG_MAP, type ConfigMap } from '#operator/kube/resource-type';
import { WorkQueue } from '#operator/kube/work-queue';
import type { SidecarState } from '#operator/push/push-server';
import type { Logger } from '#operator/telemetry/log';

const WRITE_SPACING_MS = 1_000;

export interface AckReportsOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Names this replica's ConfigMap. */
  readonly replica: string;
  /** The operator's own pod, so that the ConfigMap goes with it; undefined outside a cluster. */
  readonly owner: { readonly name: string; readonly uid: string } | undefined;
  readonly log: Logger;
  /** Whether some workload should run this policy now. */
  readonly isWanted: (hash: string) => boolean;
  /** Another replica said something new. */
  readonly onChange: () => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class AckReports {
  readonly #options: AckReportsOptions;
  readonly #own = new Map<string, SidecarAck>();
  /** Of policies that this replica published: generations by uid. Kept while wanted or run. */
  readonly #sources = new Map<string, Record<string, number>>();
  readonly #others = new Map<string, AckReport>();
  readonly #writes: WorkQueue;
  readonly reflector: Reflector<ConfigMap>;
  #merged: AckReport | undefined;

  constructor(options: AckReportsOptions) {
    const { client, namespace, log } = options;
    this.#options = options;
    this.#writes = new WorkQueue({
      name: 'acks',
      log,
      quietMs: 50,
      spacingMs: WRITE_SPACING_MS,
      process: () => this.#write(),
    });
    this.reflector = new Reflector<ConfigMap>({
      client,
      log,
      namespace,
      type: CONFIG_MAP,
      labelSelector: `${LABEL.acks}=true`,
      handler: {
        apply: (object) => this.#hear(object.metadata.name, decodeAcks(object.data?.[ACKS_DATA_KEY] ?? '')),
        remove: ({ name }) => this.#hear(name, undefined),
      },
    });
  }

  /** What one of our own streams said. */
  set(state: SidecarState): void {
    const { podUid, ackedHash: hash, nack } = state;
    this.#own.set(podUid, { hash, nack, connected: true, atMs: this.#options.now() });
    this.#changed();
  }

  /** What a policy that is published now is made of. */
  learn(hash: string, sources: ReadonlyMap<string, number>): void {
    this.#sources.set(hash, Object.fromEntries(sources));
    this.#merged = undefined;
  }

  /** The sidecar goes on with what it runs, so its acknowledgement stays. */
  disconnect(podUid: string): void {
    const known = this.#own.get(podUid);
    if (!known) return;
    this.#own.set(podUid, { ...known, connected: false, atMs: this.#options.now() });
    this.#changed();
  }

  /** The pod is gone. */
  forget(podUid: string): void {
    if (this.#own.delete(podUid)) this.#changed();
  }

  get(podUid: string): SidecarAck | undefined {
    return this.#all().sidecars[podUid];
  }

  /** The generation of an object in a policy; undefined when it is not in it, or nobody knows the policy. */
  generationIn(hash: string, objectUid: string): number | undefined {
    return (this.#sources.get(hash) ?? this.#all().policies[hash])?.[objectUid];
  }

  /** Sidecars with a stream to this replica. */
  connected(): number {
    return [...this.#own.values()].filter((ack) => ack.connected).length;
  }

  async close(): Promise<void> {
    await Promise.all([this.#writes.close(), this.reflector.stop()]);
  }

  #all(): AckReport {
    this.#merged ??= mergeAcks([this.#ownReport(), ...this.#others.values()]);
    return this.#merged;
  }

  #ownReport(): AckReport {
    const run = new Set([...this.#own.values()].map((ack) => ack.hash));
    const policies = [...this.#sources].filter(([hash]) => run.has(hash));
    return { version: 1, policies: Object.fromEntries(policies), sidecars: Object.fromEntries(this.#own) };
  }

  #dropUnused({ policies }: AckReport): void {
    for (const hash of this.#sources.keys())
      if (!(hash in policies) && !this.#options.isWanted(hash)) this.#sources.delete(hash);
  }

  #changed(): void {
    this.#merged = undefined;
    this.#writes.add(this.#name);
  }

  #hear(name: string, report: AckReport | undefined): void {
    if (name === this.#name) return;
    if (report) this.#others.set(name, report);
    else this.#others.delete(name);
    this.#merged = undefined;
    this.#options.onChange();
  }

  get #name(): string {
    return `remora-acks-${this.#options.replica}`;
  }

  async #write(): Promise<boolean> {
    const { client, namespace, owner, log } = this.#options;
    const report = this.#ownReport();
    this.#dropUnused(report);
    const text = encodeAcks(report);
    if (text.length > MAX_REPORT_CHARS) {
      log.error(
        { sidecars: this.#own.size },
        'too many sidecars for one replica to report: Programmed may count too few',
      );
      return true;
    }
    const name = this.#name;
    const owned = owner && { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...owner }] };
    await client.apply(
      CONFIG_MAP,
      { namespace, name },
      { metadata: { labels: { [LABEL.acks]: 'true' }, ...owned }, data: { [ACKS_DATA_KEY]: text } },
    );
    return true;
  }
}

/** A name for this replica that Kubernetes accepts as part of an object name. */
export const replicaIdentity = (podName: string | undefined): string =>
  (podName ?? hostname())
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 200);
