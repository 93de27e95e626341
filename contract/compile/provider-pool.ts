/** The Service behind an AIProvider: whether it may be named, whether it is there, and who is ready. */
import { REASON } from '#contract/names/conditions';
import type { AIProvider } from '#contract/resources/ai-provider';
import type { Unresolved } from './provider-directory.ts';
import type { ServicePort, ServiceView } from './service-view.ts';
import type { Snapshot } from './snapshot.ts';

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

type Platform = Pick<Snapshot, 'platformNamespaces'>;

/** undefined: the AIProvider names none, or may not name the one that it does. */
export function serviceRefOf({ spec, metadata }: AIProvider, { platformNamespaces }: Platform): ServiceRef | undefined {
  if (spec.service === undefined) return undefined;
  const { name, namespace = metadata.namespace } = spec.service;
  const mayName = namespace === metadata.namespace || platformNamespaces.has(metadata.namespace);
  return mayName ? { namespace, name } : undefined;
}

interface Pool {
  /** `namespace/name` of the Service. */
  readonly service: string;
  /** The base URL that the Service itself has. */
  readonly endpoint: string;
  /** Base URL of each ready endpoint. */
  readonly endpoints: string[];
}

/** undefined: the AIProvider names no Service that could be used. */
export function poolOf(provider: AIProvider, snapshot: Snapshot): Pool | undefined {
  const { service } = provider.spec;
  const ref = serviceRefOf(provider, snapshot);
  if (service === undefined || ref === undefined) return undefined;
  const { scheme, path, hostname = `${ref.name}.${ref.namespace}.svc` } = service;
  const port = portOf(provider, viewOf(ref, snapshot));
  const url = (authority: string): string => `${scheme.toLowerCase()}://${authority}${path.replace(/\/+$/, '')}`;
  return {
    service: keyOf(ref),
    endpoint: url(`${hostname}${typeof service.port === 'number' || port ? `:${port?.port ?? service.port}` : ''}`),
    endpoints: (port?.ready ?? []).map(url),
  };
}

/** Why nothing of the Service can be used, whoever is ready. */
export function missingService(provider: AIProvider, snapshot: Snapshot): Unresolved | undefined {
  const { service, service: { namespace: where = provider.metadata.namespace } = {} } = provider.spec;
  if (service === undefined) return undefined;
  const ref = serviceRefOf(provider, snapshot);
  if (ref === undefined) {
    const platform = [...snapshot.platformNamespaces].sort().join(', ');
    return {
      reason: REASON.refNotPermitted,
      message: `spec.service.namespace: only an AIProvider of a platform namespace (${platform}) may name a Service of another namespace; make the AIProvider in namespace ${where}`,
    };
  }
  const view = viewOf(ref, snapshot);
  if (view === null)
    return {
      reason: REASON.serviceNotFound,
      message: `spec.service.name: Service ${keyOf(ref)} not found; create it or correct the name: kubectl get services --namespace ${ref.namespace}`,
    };
  if (view?.externalName !== undefined)
    return {
      reason: REASON.serviceNotFound,
      message: `spec.service.name: Service ${keyOf(ref)} is of type ExternalName and has no endpoints; state spec.endpoint with the host ${view.externalName} instead`,
    };
  if (view === undefined || portOf(provider, view)) return undefined;
  const ports = view.ports.map(portText).join(', ');
  return {
    reason: REASON.portNotFound,
    message: `spec.service.port: Service ${keyOf(ref)} has no TCP port ${JSON.stringify(service.port)}; ${ports === '' ? 'it has none' : `state one of ${ports}`}`,
  };
}

/** Why the Service serves nothing now though it can be used. */
export function emptyPool(provider: AIProvider, snapshot: Snapshot): Unresolved | undefined {
  const ref = serviceRefOf(provider, snapshot);
  if (ref === undefined) return undefined;
  const view = viewOf(ref, snapshot);
  if (view === undefined)
    return {
      reason: REASON.pending,
      message: `spec.service.name: Service ${keyOf(ref)} was not read yet. If this lasts, the log of the operator says why`,
    };
  if (portOf(provider, view)?.ready.length) return undefined;
  return {
    reason: REASON.noReadyEndpoints,
    message: `spec.service.name: Service ${keyOf(ref)} has no ready endpoint, so that nothing is sent there; look at its pods: kubectl get endpointslices --namespace ${ref.namespace} --selector kubernetes.io/service-name=${ref.name}`,
  };
}

/** What the owner is told of endpoints that there was no room for. */
export function cutText(provider: AIProvider, snapshot: Snapshot): string | undefined {
  const ref = serviceRefOf(provider, snapshot);
  const port = ref && portOf(provider, viewOf(ref, snapshot));
  if (!ref || !port || port.cut === 0) return undefined;
  return `Of Service ${keyOf(ref)} ${port.ready.length} ready endpoints are asked and ${port.cut} are not; split it into several Services`;
}

const keyOf = ({ namespace, name }: ServiceRef): string => `${namespace}/${name}`;

/** null: there is no such Service. undefined: it was not read. */
const viewOf = (ref: ServiceRef, { services }: Pick<Snapshot, 'services'>): ServiceView | null | undefined =>
  services.get(keyOf(ref));

const portOf = ({ spec }: AIProvider, view: ServiceView | null | undefined): ServicePort | undefined =>
  view?.ports.find(({ name, port }) => spec.service?.port === port || spec.service?.port === name);

const portText = ({ name, port }: ServicePort): string => (name === '' ? String(port) : `${port} ("${name}")`);
