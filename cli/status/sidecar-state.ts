/** Which state a sidecar is in, from what it said to the operator and what the objects are now. Pure. */
import type { Metadata, RemoraObject } from '#cli/kube/objects';
import { nameOf } from '#cli/kube/objects';
import { KIND } from '#contract/names/api';
import { CONDITION } from '#contract/names/conditions';
import type { AckReport } from '#contract/wire/ack-report';

/**
 * SYNCED: runs the newest of everything. PENDING: connected and not there yet. REJECTED: refused the newest policy and goes on with
 * the former. OFFLINE: no stream to the operator; it goes on with what it runs. UNKNOWN: the operator's word could not be read.
 */
export type SidecarState = 'SYNCED' | 'PENDING' | 'REJECTED' | 'OFFLINE' | 'UNKNOWN';

export interface SidecarView {
  readonly state: SidecarState;
  /** Hash of the policy that runs; empty when none does. */
  readonly policy: string;
  readonly reason: string;
}

/** An object of ours with its kind, which items of a list do not carry. */
export interface KnownObject extends RemoraObject {
  readonly kind: string;
}

/** `acks` undefined: they could not be read. */
export function sidecarView(pod: Metadata, acks: AckReport | undefined, objects: readonly KnownObject[]): SidecarView {
  if (acks === undefined) return { state: 'UNKNOWN', policy: '', reason: 'acknowledgements cannot be read' };
  const ack = acks.sidecars[pod.uid ?? ''];
  const policy = ack?.hash ?? '';
  if (ack === undefined) return { state: 'OFFLINE', policy, reason: 'never connected to the operator' };
  if (ack.nack !== null) return { state: 'REJECTED', policy, reason: ack.nack.reason };
  if (!ack.connected) return { state: 'OFFLINE', policy, reason: `not connected since ${timeText(ack.atMs)}` };
  if (ack.hash === null) return { state: 'PENDING', policy, reason: 'runs no policy yet' };
  const behind = behindOf(pod, acks.policies[ack.hash], objects);
  return behind === undefined ? { state: 'SYNCED', policy, reason: '' } : { state: 'PENDING', policy, reason: behind };
}

/** The first object whose present generation the policy lacks; one that is not accepted is not waited for. */
function behindOf(
  pod: Metadata,
  sources: Readonly<Record<string, number>> | undefined,
  objects: readonly KnownObject[],
): string | undefined {
  if (sources === undefined) return undefined;
  for (const { kind, metadata, status } of objects) {
    const runs = sources[metadata.uid ?? ''];
    const applies = runs !== undefined || (kind === KIND.route && metadata.namespace === pod.namespace);
    const generation = metadata.generation ?? 1;
    if (!applies || runs === generation || !isAccepted({ metadata, ...(status && { status }) })) continue;
    return `${kind} ${nameOf(metadata)}: runs ${runs === undefined ? 'none of it' : `generation ${runs}`}, present is ${generation}`;
  }
  return undefined;
}

const isAccepted = ({ metadata, status }: RemoraObject): boolean =>
  status?.conditions?.some(
    (condition) =>
      condition.type === CONDITION.accepted &&
      condition.status === 'True' &&
      condition.observedGeneration === (metadata.generation ?? 1),
  ) ?? false;

const timeText = (unixMs: number): string => new Date(unixMs).toISOString().replace(/\.\d+Z$/, 'Z');
