/** Which REST path an object type has in the Kubernetes API, and the little of every object that machinery here reads. */
import { API_GROUP, API_VERSION } from '#contract/names/api';
import { ALL_KINDS } from '#contract/resources/kinds';

export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface ObjectRef {
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

/** The part of every API object that the reflector, the queue and status rely on. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
}

export type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

const core = (kind: string, plural: string, namespaced = true): ResourceType => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced,
});

export const POD = core('Pod', 'pods');
export const SECRET = core('Secret', 'secrets');
export const CONFIG_MAP = core('ConfigMap', 'configmaps');
export const NAMESPACE = core('Namespace', 'namespaces', false);
export const SERVICE = core('Service', 'services');

const of = (group: string, kind: string, plural: string, namespaced = true): ResourceType => ({
  group,
  version: 'v1',
  kind,
  plural,
  namespaced,
});

export const ENDPOINT_SLICE = of('discovery.k8s.io', 'EndpointSlice', 'endpointslices');
export const LEASE = of('coordination.k8s.io', 'Lease', 'leases');
export const EVENT = of('events.k8s.io', 'Event', 'events');
export const TOKEN_REVIEW = of('authentication.k8s.io', 'TokenReview', 'tokenreviews', false);
export const SUBJECT_ACCESS_REVIEW = of('authorization.k8s.io', 'SubjectAccessReview', 'subjectaccessreviews', false);
export const MUTATING_WEBHOOK = of(
  'admissionregistration.k8s.io',
  'MutatingWebhookConfiguration',
  'mutatingwebhookconfigurations',
  false,
);

export const VALIDATING_WEBHOOK = of(
  'admissionregistration.k8s.io',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
  false,
);

/** The type of one of our own kinds. */
export function remoraType(kind: string): ResourceType {
  const definition = ALL_KINDS.find((candidate) => candidate.kind === kind);
  if (!definition) throw new Error(`${kind} is not a kind of ${API_GROUP}`);
  return { group: API_GROUP, version: API_VERSION, kind, plural: definition.plural, namespaced: true };
}

export const apiVersionOf = (type: ResourceType): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

/** Path of a collection (no name) or of one object; without a namespace the whole cluster is meant. */
export function pathOf(type: ResourceType, at: Partial<ObjectRef> = {}, subresource = ''): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const parts = [root];
  if (type.namespaced && at.namespace) parts.push('namespaces', encodeURIComponent(at.namespace));
  parts.push(type.plural);
  if (at.name) parts.push(encodeURIComponent(at.name));
  if (subresource) parts.push(subresource);
  return parts.join('/');
}

/** `namespace/name`; the name alone for cluster-scoped objects. */
export const keyOf = (ref: { readonly namespace?: string; readonly name: string }): string =>
  ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name;

export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
