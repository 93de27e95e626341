/** Compiles the policy of one workload and hands it to the push server, unless sidecars have exactly that already. */
import { compileWorkload, unknownConstraints } from '#contract/compile/compile';
import type { ResourceIndex } from '#contract/compile/resource-index';
import { credentialNames, parseCredentialName } from '#contract/policy/credential-name';
import { policyHash } from '#contract/policy/hash';
import type { Policy } from '#contract/policy/policy';
import { stopOf } from '#contract/policy/stopped';
import type { SecretWatches } from '#operator/kube/secret-watches';
import type { ServiceWatches } from '#operator/kube/service-watches';
import type { PushServer } from '#operator/push/push-server';
import type { Logger } from '#operator/telemetry/log';
import type { OperatorMetrics } from '#operator/telemetry/metrics';
import { inSpan, traceparentOf } from '#operator/telemetry/tracing';
import type { WorkloadEntry, Workloads } from './workloads.ts';

type Credentials = ReadonlyMap<string, string>;

export interface Published {
  readonly hash: string;
  readonly credentials: Credentials;
  /** Generation by uid of every object in the policy. */
  readonly sources: ReadonlyMap<string, number>;
}

export interface PolicyPublisherOptions {
  readonly index: ResourceIndex;
  readonly workloads: Workloads;
  readonly secrets: Pick<SecretWatches, 'data'>;
  readonly services: Pick<ServiceWatches, 'isReading'>;
  readonly push: Pick<PushServer, 'publish' | 'remove'>;
  readonly metrics: OperatorMetrics;
  readonly log: Logger;
  /** The workload should run this from now on. */
  readonly onPublished: (namespace: string, published: Published) => void;
}

export class PolicyPublisher {
  readonly #options: PolicyPublisherOptions;
  readonly #published = new Map<string, Published>();
  /** Workloads with a pod that came from another one: its stream must hear of the policy even if that is not new. */
  readonly #joined = new Set<string>();

  constructor(options: PolicyPublisherOptions) {
    this.#options = options;
  }

  /** To be called before `publish` when pods joined the workload. */
  noteJoined(workloadKey: string): void {
    this.#joined.add(workloadKey);
  }

  /** True when it was handed to the push server. */
  publish(workloadKey: string): boolean {
    const entry = this.#options.workloads.get(workloadKey);
    const joined = this.#joined.delete(workloadKey);
    if (!entry) {
      this.#forget(workloadKey);
      return false;
    }
    const { namespace } = entry.workload;
    return inSpan('remora.compile', { 'k8s.namespace.name': namespace }, () => this.#compile(entry, joined));
  }

  /** What the workload's sidecars should run, as far as it was published. */
  wanted(workloadKey: string): Published | undefined {
    return this.#published.get(workloadKey);
  }

  isWanted(hash: string): boolean {
    return [...this.#published.values()].some((published) => published.hash === hash);
  }

  #compile(entry: WorkloadEntry, joined: boolean): boolean {
    const { index, secrets, services, metrics, log } = this.#options;
    const stop = metrics.compileDuration.startTimer();
    const policy = compileWorkload(index.snapshot(), entry.workload);
    const hash = policyHash(policy);
    stop();
    // What refuses everything is looser than nothing, and waits for nobody.
    const isStopped = stopOf(policy) !== undefined;
    const unknown = isStopped ? [] : unknownConstraints(index.snapshot(), entry.workload);
    if (unknown.length > 0) {
      log.warn(
        { workload: entry.key, objects: unknown },
        'pushed nothing: without these the policy would be looser than the one in force; mend them',
      );
      return false;
    }
    if (!isStopped && policy.providers.some(({ service }) => service !== undefined && services.isReading(service))) {
      // The answer is on its way, and touches this workload again: without it a pool that serves would go away for a moment.
      if (joined) this.#joined.add(entry.key);
      return false;
    }
    const credentials = credentialsOf(policy, secrets);
    const before = this.#published.get(entry.key);
    if (!joined && before?.hash === hash && sameCredentials(before.credentials, credentials)) return false;
    this.#push(entry, { policy, hash, credentials });
    const sources = new Map(policy.sources.map(({ uid, generation }) => [uid, generation]));
    const published = { hash, credentials, sources };
    this.#published.set(entry.key, published);
    this.#options.onPublished(entry.workload.namespace, published);
    return true;
  }

  #push(entry: WorkloadEntry, pushed: { policy: Policy; hash: string; credentials: Credentials }): void {
    const { push, log } = this.#options;
    inSpan('remora.push', { 'remora.policy.hash': pushed.hash }, (span) => {
      const traceparent = traceparentOf(span);
      push.publish(entry.key, { ...pushed, ...(traceparent === undefined ? {} : { traceparent }) });
    });
    const { hash, policy } = pushed;
    log.info({ workload: entry.key, hash, routes: policy.routes.length, pods: entry.pods.size }, 'published a policy');
  }

  #forget(workloadKey: string): void {
    if (!this.#published.delete(workloadKey)) return;
    this.#options.push.remove(workloadKey);
  }
}

/** Exactly those that the policy uses. One that is missing just now is left out; the compiler drops its targets with the next event. */
function credentialsOf(policy: Policy, secrets: Pick<SecretWatches, 'data'>): Credentials {
  const credentials = new Map<string, string>();
  for (const name of credentialNames(policy)) {
    const ref = parseCredentialName(name);
    const value = ref && secrets.data({ namespace: ref.namespace, name: ref.secret })?.get(ref.key);
    if (value) credentials.set(name, value);
  }
  return credentials;
}

const sameCredentials = (a: Credentials, b: Credentials): boolean =>
  a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
