/** A Service and its EndpointSlices into what the compiler knows of it. Pure; by the rules of kube-proxy and of the EndpointSlice API. */
import { MOST_ENDPOINTS, type ServicePort, type ServiceView } from '#contract/compile/service-view';
import type { KubeObject } from './resource-type.ts';

export type Service = KubeObject & {
  readonly spec?: {
    readonly type?: string;
    readonly externalName?: string;
    /** The first is the one that the Service prefers. */
    readonly ipFamilies?: readonly string[];
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
  };
};

export type EndpointSlice = KubeObject & {
  /** `IPv4`, `IPv6` or `FQDN`, which nobody but its maker knows how to use. */
  readonly addressType: string;
  readonly ports?: readonly SlicePort[] | null;
  readonly endpoints?: readonly Endpoint[] | null;
};

interface SlicePort {
  /** That of the port of the Service. */
  readonly name?: string | null;
  readonly port?: number | null;
  readonly protocol?: string | null;
}

interface Endpoint {
  readonly addresses: readonly string[];
  /** What is not stated is unknown, and counts as `ready`, as serving when ready, and as not terminating. */
  readonly conditions?: {
    readonly ready?: boolean | null;
    readonly serving?: boolean | null;
    readonly terminating?: boolean | null;
  };
  readonly targetRef?: { readonly kind?: string; readonly namespace?: string; readonly name?: string } | null;
}

const TCP = 'TCP';
const FAMILIES = ['IPv4', 'IPv6'] as const;

export function serviceView({ spec = {} }: Service, slices: Iterable<EndpointSlice>): ServiceView {
  if (spec.type === 'ExternalName') return { externalName: spec.externalName ?? '', ports: [] };
  const order = [...(spec.ipFamilies ?? []), ...FAMILIES];
  const known = [...slices]
    .filter(({ addressType }) => FAMILIES.some((family) => family === addressType))
    .sort((a, b) => order.indexOf(a.addressType) - order.indexOf(b.addressType));
  const ports = (spec.ports ?? []).filter(({ protocol = TCP }) => protocol === TCP);
  return { ports: ports.map(({ name = '', port }) => ({ name, port, ...boundOf(readyAt(name, known)) })) };
}

function boundOf(ready: ReadonlySet<string>): Pick<ServicePort, 'ready' | 'cut'> {
  const sorted = [...ready].sort();
  return { ready: sorted.slice(0, MOST_ENDPOINTS), cut: Math.max(0, sorted.length - MOST_ENDPOINTS) };
}

/** One address per pod, of the family that comes first: a pod with two of them would otherwise count as two servers. */
function readyAt(port: string, slices: readonly EndpointSlice[]): ReadonlySet<string> {
  const ready = new Map<string, string>();
  // They serve those who have nobody else: the last pods of a Service that goes away.
  const leaving = new Map<string, string>();
  for (const { slice, number } of slices.flatMap((slice) =>
    numbersOf(port, slice).map((number) => ({ slice, number })),
  ))
    for (const endpoint of slice.endpoints ?? []) {
      const use = useOf(endpoint);
      const address = authorityOf(slice, endpoint, number);
      const server = serverOf(endpoint, number) ?? address;
      const found = use === 'ready' ? ready : leaving;
      if (use !== 'none' && !found.has(server)) found.set(server, address);
    }
  return new Set((ready.size > 0 ? ready : leaving).values());
}

const numbersOf = (port: string, { ports }: EndpointSlice): number[] =>
  (ports ?? [])
    .filter(({ name, protocol }) => (name ?? '') === port && (protocol ?? TCP) === TCP)
    .flatMap(({ port: number }) => number ?? []);

function useOf({ conditions = {} }: Endpoint): 'ready' | 'leaving' | 'none' {
  const isReady = conditions.ready ?? true;
  if (conditions.terminating !== true) return isReady ? 'ready' : 'none';
  return (conditions.serving ?? isReady) ? 'leaving' : 'none';
}

/** No meaning is defined for further addresses of an endpoint. */
function authorityOf({ addressType }: EndpointSlice, { addresses: [address = ''] }: Endpoint, port: number): string {
  return addressType === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The same for both addresses of a pod; undefined: it is no pod, and each address is a server. */
const serverOf = ({ targetRef }: Endpoint, port: number): string | undefined =>
  targetRef?.name ? `${targetRef.kind}/${targetRef.namespace}/${targetRef.name}:${port}` : undefined;
