/** Who should run an object and who does: pods and workloads on one side, acknowledgements of all replicas on the other. */
import { CONDITION } from '#contract/names/conditions';
import type { WantedCondition } from '#operator/status/conditions';
import { type MatchingSidecar, type Programmed, programmed } from '#operator/status/programmed';
import type { AckReports } from './ack-reports.ts';
import type { ObservedObject } from './observed-objects.ts';
import type { PolicyPublisher } from './policy-publisher.ts';
import type { WorkloadEntry, Workloads } from './workloads.ts';

export interface CensusOptions {
  readonly workloads: Workloads;
  readonly publisher: PolicyPublisher;
  readonly acks: AckReports;
}

export interface CensusQuestion {
  /** The generation that the object has. */
  readonly generation: number;
  readonly accepted: WantedCondition | undefined;
}

export class MatchingSidecars {
  readonly #options: CensusOptions;

  constructor(options: CensusOptions) {
    this.#options = options;
  }

  programmed(object: ObservedObject, { generation, accepted }: CensusQuestion): Programmed {
    const entries = [...this.#options.workloads.values()].filter((entry) => this.#uses(entry, object));
    const sidecars = entries.flatMap((entry) => this.#sidecarsOf(entry, object));
    const [first] = entries;
    const effective = first && this.#options.publisher.wanted(first.key)?.sources.get(object.uid);
    if (accepted?.status === 'True' || sidecars.length > 0) return programmed(generation, sidecars, effective);
    const message = `Nothing is programmed: ${accepted?.message ?? 'the object was not looked at yet.'}`;
    const reason = accepted?.reason ?? 'Pending';
    return {
      condition: { type: CONDITION.programmed, status: 'False', reason, message },
      count: '0/0',
      unheard: false,
    };
  }

  #uses(entry: WorkloadEntry, object: ObservedObject): boolean {
    return this.#options.publisher.wanted(entry.key)?.sources.has(object.uid) ?? false;
  }

  #sidecarsOf(entry: WorkloadEntry, object: ObservedObject): MatchingSidecar[] {
    const wanted = this.#options.publisher.wanted(entry.key)?.hash;
    return [...entry.pods.values()]
      .filter((pod) => !pod.terminating)
      .map((pod) => {
        const ack = this.#options.acks.get(pod.uid);
        return {
          pod: `${pod.namespace}/${pod.name}`,
          connected: ack?.connected ?? false,
          heard: ack !== undefined,
          generation: ack?.hash ? this.#options.acks.generationIn(ack.hash, object.uid) : undefined,
          refusal: ack?.nack && ack.nack.hash === wanted ? ack.nack.reason : undefined,
        };
      });
  }
}
