/** Pods and their sidecars: who asked for one and has none, whose is not well, and who is not on the policy stream. Pure. */
import { isOver, type NamespaceObject, nameOf, type PodObject } from '#cli/kube/objects';
import type { Reading } from '#cli/kube/read';
import { ANNOTATION, LABEL, SIDECAR_CONTAINER } from '#contract/names/api';
import type { AckReport } from '#contract/wire/ack-report';
import { type Finding, failure, summed, unreadable, warning } from './finding.ts';

export interface PodFacts {
  readonly pods: Reading<readonly PodObject[]>;
  readonly namespaces: Reading<readonly NamespaceObject[]>;
}

/** The webhook never sees pods of these; the operator's own namespace is one more. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-node-lease'];

export function podFindings({ pods, namespaces }: PodFacts, operatorNamespaces: readonly string[]): Finding[] {
  if ('fault' in pods) return [unreadable('pods', pods.fault)];
  const enabled = new Set(
    'value' in namespaces
      ? namespaces.value
          .filter(({ metadata }) => metadata.labels?.[LABEL.inject] === 'enabled')
          .map(({ metadata }) => metadata.name)
      : [],
  );
  const untouched = new Set([...SYSTEM_NAMESPACES, ...operatorNamespaces]);
  const living = pods.value.filter((pod) => !isOver(pod));
  const faults = living.flatMap((pod) => {
    if (isInjected(pod)) return sidecarFault(pod);
    return untouched.has(pod.metadata.namespace ?? '') ? [] : missingFault(pod, enabled);
  });
  if ('fault' in namespaces)
    faults.push(warning('pods', `Namespaces cannot be read: ${namespaces.fault}`, 'kubectl auth whoami'));
  const count = living.filter(isInjected).length;
  return summed('pods', faults, `${count} with a sidecar, and none asked for one without getting it`);
}

const isInjected = ({ metadata }: PodObject): boolean => metadata.labels?.[LABEL.injected] === 'true';

function missingFault(pod: PodObject, enabled: ReadonlySet<string>): Finding[] {
  const { metadata, spec } = pod;
  const asked = metadata.annotations?.[ANNOTATION.inject];
  if (asked === undefined ? !enabled.has(metadata.namespace ?? '') : asked !== 'true') return [];
  const named = `Pod ${nameOf(metadata)} asks for a sidecar and has none`;
  if (spec?.hostNetwork === true)
    return [
      warning(
        'pods',
        `${named}: pods with hostNetwork get none`,
        `kubectl -n ${metadata.namespace} describe pod ${metadata.name}`,
      ),
    ];
  return [failure('pods', `${named}: it was made while the webhook was not there`, restart(pod))];
}

/** A ReplicaSet is named after its Deployment and a hash. */
function restart({ metadata }: PodObject): string {
  const [owner] = metadata.ownerReferences ?? [];
  const inNamespace = `kubectl -n ${metadata.namespace}`;
  switch (owner?.kind) {
    case 'ReplicaSet':
      return `${inNamespace} rollout restart deployment/${owner.name.replace(/-[^-]*$/, '')}`;
    case 'StatefulSet':
    case 'DaemonSet':
      return `${inNamespace} rollout restart ${owner.kind.toLowerCase()}/${owner.name}`;
    default:
      return `${inNamespace} delete pod ${metadata.name}`;
  }
}

function sidecarFault({ metadata, status }: PodObject): Finding[] {
  const container = status?.initContainerStatuses?.find(({ name }) => name === SIDECAR_CONTAINER);
  if (container?.ready === true) return [];
  const { waiting, terminated } = container?.state ?? {};
  const reason = waiting?.message ?? waiting?.reason ?? terminated?.reason ?? 'it has no policy yet, or is starting';
  return [
    failure(
      'pods',
      `Pod ${nameOf(metadata)}: the sidecar is not ready: ${reason}`,
      `kubectl -n ${metadata.namespace} logs ${metadata.name} -c ${SIDECAR_CONTAINER} --tail=20`,
    ),
  ];
}

/** A sidecar that was never heard of may be starting; one that refuses needs somebody. */
export function streamFindings(pods: Reading<readonly PodObject[]>, acks: Reading<AckReport>): Finding[] {
  if ('fault' in acks) return [unreadable('policy-stream', acks.fault)];
  if ('fault' in pods) return [unreadable('policy-stream', pods.fault)];
  const injected = pods.value.filter((pod) => isInjected(pod) && !isOver(pod));
  const faults = injected.flatMap((pod) => streamFault(pod, acks.value));
  return summed('policy-stream', faults, `all ${injected.length} sidecars are connected and run what they were sent`);
}

function streamFault({ metadata }: PodObject, { sidecars }: AckReport): Finding[] {
  const ack = sidecars[metadata.uid ?? ''];
  const named = `the sidecar of Pod ${nameOf(metadata)}`;
  const logs = `kubectl -n ${metadata.namespace} logs ${metadata.name} -c ${SIDECAR_CONTAINER} --tail=20`;
  if (ack === undefined) return [failure('policy-stream', `${named} never reached the operator`, logs)];
  if (ack.nack !== null) return [failure('policy-stream', `${named} refused its policy: ${ack.nack.reason}`, logs)];
  if (!ack.connected)
    return [warning('policy-stream', `${named} is not connected and goes on with what it runs`, logs)];
  return [];
}
