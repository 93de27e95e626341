/**
 * Decides whether a pod gets the sidecar and writes the patch for it. Pure, and idempotent: a pod that was patched gets no further
 * patch, and one to which another webhook added a container gets only what that container lacks.
 */
import { createHash } from 'node:crypto';
import { ANNOTATION, LABEL, SIDECAR_CONTAINER } from '#contract/names/api';
import { type CloudIdentity, cloudIdentity, lackingIn } from './cloud-identity.ts';
import { append, type PatchOperation, pointer, setKeys } from './json-patch.ts';
import type { Container, Pod } from './pod.ts';
import { redirectEnv } from './redirect-env.ts';
import {
  type InjectionConfig,
  type SidecarContainer,
  type StartMode,
  sidecarContainer,
  sidecarVolumes,
} from './sidecar-container.ts';

export interface NamespaceFacts {
  /** The namespace carries the label remora.dev/inject=enabled. */
  readonly enabled: boolean;
}

export type AdmissionDecision =
  | { readonly allowed: true; readonly operations: readonly PatchOperation[]; readonly warnings: readonly string[] }
  /** `code`: the HTTP status of the answer. Default 400. */
  | { readonly allowed: false; readonly reason: string; readonly code?: number };

/** What the annotation remora.dev/status says. */
interface InjectionStatus {
  readonly version: string;
  /** Of the sidecar container as it was written. */
  readonly hash: string;
  /** Names by container. */
  readonly env: Readonly<Record<string, readonly string[]>>;
  /** Reason by name by container. */
  readonly skipped: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Of Kubernetes. */
const DEFAULT_GRACE_SECONDS = 30;
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

export function inject(pod: Pod, namespace: NamespaceFacts, config: InjectionConfig): AdmissionDecision {
  const annotation = pod.metadata.annotations?.[ANNOTATION.inject];
  if (annotation !== undefined && annotation !== 'true' && annotation !== 'false')
    return untouched(`${ANNOTATION.inject} must be "true" or "false", not "${annotation}": no sidecar was added`);
  const wanted = annotation === undefined ? namespace.enabled : annotation === 'true';
  if (!wanted || pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return untouched();
  const obstacle = obstacleTo(pod);
  if (obstacle !== undefined) return untouched(`${obstacle}: no Remora sidecar was added`);
  if (pod.spec.containers.some((container) => container.name === SIDECAR_CONTAINER))
    return {
      allowed: false,
      reason: `the container name ${SIDECAR_CONTAINER} is reserved for Remora's sidecar: rename the container`,
    };
  const start = pod.metadata.annotations?.[ANNOTATION.start] ?? 'wait';
  if (start !== 'wait' && start !== 'degraded')
    return { allowed: false, reason: `${ANNOTATION.start} must be "wait" or "degraded", not "${start}"` };
  return patch(pod, config, start);
}

const untouched = (...warnings: string[]): AdmissionDecision => ({ allowed: true, operations: [], warnings });

function obstacleTo({ spec }: Pod): string | undefined {
  if (spec.hostNetwork === true) return 'pods with hostNetwork share the ports of their node';
  if (spec.os?.name === 'windows' || spec.nodeSelector?.['kubernetes.io/os'] === 'windows')
    return 'Windows pods are not supported';
  return undefined;
}

function patch(pod: Pod, config: InjectionConfig, start: StartMode): AdmissionDecision {
  const before = readStatus(pod);
  const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const sidecar = sidecarContainer(config, { start, graceSeconds });
  const env = redirectAll(pod, before);
  const status: InjectionStatus = {
    version: config.version,
    hash: createHash('sha256').update(JSON.stringify(sidecar)).digest('hex').slice(0, 16),
    env: env.set,
    skipped: env.skipped,
  };
  const present = new Set((pod.spec.volumes ?? []).map((volume) => volume.name));
  const operations = [
    ...setKeys('/metadata/annotations', pod.metadata.annotations, { [ANNOTATION.status]: JSON.stringify(status) }),
    ...setKeys('/metadata/labels', pod.metadata.labels, { [LABEL.injected]: 'true' }),
    ...append(
      '/spec/volumes',
      pod.spec.volumes,
      sidecarVolumes().filter((volume) => !present.has(volume.name)),
    ),
    ...env.operations,
    // Last, since it moves the other init containers.
    ...placeSidecar(pod, { sidecar, identity: cloudIdentity(pod), sameHash: before?.hash === status.hash }),
  ];
  return { allowed: true, operations, warnings: operations.length === 0 ? [] : env.warnings };
}

interface EnvOfPod {
  readonly operations: PatchOperation[];
  readonly set: Record<string, readonly string[]>;
  readonly skipped: Record<string, Readonly<Record<string, string>>>;
  readonly warnings: string[];
}

function redirectAll(pod: Pod, before: InjectionStatus | undefined): EnvOfPod {
  const result: EnvOfPod = { operations: [], set: {}, skipped: {}, warnings: [] };
  for (const { container, path } of appContainers(pod)) {
    const one = redirectEnv(container, path, before?.env[container.name] ?? []);
    result.operations.push(...one.operations);
    if (one.set.length > 0) result.set[container.name] = one.set;
    if (Object.keys(one.skipped).length > 0) result.skipped[container.name] = one.skipped;
    if (one.operations.length > 0 && (container.envFrom?.length ?? 0) > 0)
      result.warnings.push(`container ${container.name}: ${one.set.join(', ')} set by Remora win over envFrom`);
  }
  return result;
}

function appContainers({ spec }: Pod): { container: Container; path: (string | number)[] }[] {
  const of = (list: 'initContainers' | 'containers') =>
    (spec[list] ?? []).map((container, index) => ({ container, path: ['spec', list, index] }));
  return [...of('initContainers'), ...of('containers')].filter(({ container }) => container.name !== SIDECAR_CONTAINER);
}

interface Placing {
  /** Without the identity, which other webhooks may add to the pod before or after us. */
  readonly sidecar: SidecarContainer;
  readonly identity: CloudIdentity;
  readonly sameHash: boolean;
}

function placeSidecar(pod: Pod, { sidecar, identity, sameHash }: Placing): PatchOperation[] {
  const list = pod.spec.initContainers ?? [];
  const index = list.findIndex((container) => container.name === SIDECAR_CONTAINER);
  const present = list[index];
  // The API server adds defaults to it, so that it is known again by the hash of what was written.
  if (present !== undefined && sameHash && present.image === sidecar.image) {
    const { env, volumeMounts } = lackingIn(present, identity);
    const path = ['spec', 'initContainers', index] as const;
    return [
      ...append(pointer(...path, 'env'), present.env, env),
      ...append(pointer(...path, 'volumeMounts'), present.volumeMounts, volumeMounts),
    ];
  }
  const value = withIdentity(sidecar, identity);
  if (present !== undefined) return [{ op: 'replace', path: pointer('spec', 'initContainers', index), value }];
  return pod.spec.initContainers
    ? [{ op: 'add', path: '/spec/initContainers/0', value }]
    : [{ op: 'add', path: '/spec/initContainers', value: [value] }];
}

function withIdentity(sidecar: SidecarContainer, identity: CloudIdentity): SidecarContainer {
  const { env, volumeMounts } = lackingIn(sidecar, identity);
  return { ...sidecar, env: [...sidecar.env, ...env], volumeMounts: [...sidecar.volumeMounts, ...volumeMounts] };
}

/** undefined when there is none, or when it is not ours: then it is written anew. */
function readStatus(pod: Pod): InjectionStatus | undefined {
  const text = pod.metadata.annotations?.[ANNOTATION.status];
  const injected = pod.spec.initContainers?.some((container) => container.name === SIDECAR_CONTAINER);
  if (text === undefined || injected !== true) return undefined;
  try {
    const value = JSON.parse(text) as Partial<InjectionStatus> | null;
    if (typeof value?.hash !== 'string' || typeof value.env !== 'object') return undefined;
    return { version: '', hash: value.hash, env: value.env ?? {}, skipped: {} };
  } catch {
    return undefined;
  }
}
