import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndpointSlice, type Service, serviceView } from './service-endpoints.ts';

const service = (spec: Service['spec']): Service => ({ metadata: { name: 'vllm' }, spec: spec ?? {} });
const API = service({ ports: [{ name: 'api', port: 80 }] });

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
const at = (address: string, conditions: Endpoint['conditions'] = { ready: true }, pod?: string): Endpoint => ({
  addresses: [address],
  conditions,
  ...(pod !== undefined && { targetRef: { kind: 'Pod', namespace: 'models', name: pod } }),
});
const slice = (endpoints: readonly Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata: { name: 'vllm-1' },
  addressType: 'IPv4',
  ports: [{ name: 'api', port: 8000, protocol: 'TCP' }],
  endpoints,
  ...more,
});
const V6 = { addressType: 'IPv6' };

const LEAVING = { ready: false, serving: true, terminating: true };
const GONE = { ready: false, serving: false, terminating: true };

interface Case {
  readonly what: string;
  readonly of?: Service;
  readonly slices: readonly EndpointSlice[];
  readonly ready: readonly string[];
}

const CASES: readonly Case[] = [
  { what: 'no slice is nobody', slices: [], ready: [] },
  {
    what: 'ready ones count, and the number is that of the pods',
    slices: [slice([at('10.0.0.2'), at('10.0.0.1'), at('10.0.0.3', { ready: false })])],
    ready: ['10.0.0.1:8000', '10.0.0.2:8000'],
  },
  {
    what: 'what is not said of readiness is readiness',
    slices: [slice([at('10.0.0.1', {}), at('10.0.0.2', { ready: null }), { addresses: ['10.0.0.3'] }])],
    ready: ['10.0.0.1:8000', '10.0.0.2:8000', '10.0.0.3:8000'],
  },
  {
    what: 'a pod that terminates gets nothing as long as another is ready',
    slices: [slice([at('10.0.0.1', LEAVING), at('10.0.0.2')])],
    ready: ['10.0.0.2:8000'],
  },
  {
    what: 'pods that terminate and still serve are asked when none is ready, and those that do not serve are not',
    slices: [slice([at('10.0.0.1', LEAVING), at('10.0.0.2', GONE), at('10.0.0.3', { ready: false })])],
    ready: ['10.0.0.1:8000'],
  },
  {
    what: 'a Service that publishes what is not ready calls all ready, those that terminate too: they come last all the same',
    slices: [slice([at('10.0.0.1', { ready: true, serving: true, terminating: true }), at('10.0.0.2')])],
    ready: ['10.0.0.2:8000'],
  },
  {
    what: 'IPv6 stands in brackets',
    slices: [slice([at('fd00::2'), at('fd00::1')], V6)],
    ready: ['[fd00::1]:8000', '[fd00::2]:8000'],
  },
  {
    what: 'of a pod with both families the one that the Service prefers is asked',
    of: service({ ...API.spec, ipFamilies: ['IPv6', 'IPv4'] }),
    slices: [
      slice([at('10.0.0.1', { ready: true }, 'a'), at('10.0.0.2', { ready: true }, 'b')]),
      slice([at('fd00::1', { ready: true }, 'a')], V6),
    ],
    ready: ['10.0.0.2:8000', '[fd00::1]:8000'],
  },
  {
    what: 'of a pod with both families IPv4 is asked where the Service prefers none',
    slices: [slice([at('fd00::1', { ready: true }, 'a')], V6), slice([at('10.0.0.1', { ready: true }, 'a')])],
    ready: ['10.0.0.1:8000'],
  },
  {
    what: 'one that stands in two slices while it moves counts once, and as ready if either says so',
    slices: [slice([at('10.0.0.1'), at('10.0.0.2', { ready: false })]), slice([at('10.0.0.1'), at('10.0.0.2')])],
    ready: ['10.0.0.1:8000', '10.0.0.2:8000'],
  },
  {
    what: 'only the port that is asked for counts, by its name and over TCP',
    slices: [
      slice([at('10.0.0.1')], {
        ports: [
          { name: 'metrics', port: 9000 },
          { name: 'api', port: 8000, protocol: 'UDP' },
          { name: 'api', port: 8080 },
        ],
      }),
    ],
    ready: ['10.0.0.1:8080'],
  },
  {
    what: 'pods of two versions may serve the port under two numbers',
    slices: [slice([at('10.0.0.1')]), slice([at('10.0.0.2')], { ports: [{ name: 'api', port: 8001 }] })],
    ready: ['10.0.0.1:8000', '10.0.0.2:8001'],
  },
  {
    what: 'the only port of a Service may have no name',
    of: service({ ports: [{ port: 80 }] }),
    slices: [
      slice([at('10.0.0.1')], { ports: [{ name: '', port: 8000 }] }),
      slice([at('10.0.0.2')], { ports: [{ port: 8000 }] }),
    ],
    ready: ['10.0.0.1:8000', '10.0.0.2:8000'],
  },
  {
    what: 'names are no addresses, and lists may be null',
    slices: [
      slice([at('vllm.example.com')], { addressType: 'FQDN' }),
      slice([], { ports: null, endpoints: null }),
      slice([at('10.0.0.1')], { ports: [{ name: 'api', port: null }] }),
    ],
    ready: [],
  },
];

for (const { what, of = API, slices, ready } of CASES)
  test(`serviceView(): ${what}`, () => {
    assert.deepEqual(serviceView(of, slices).ports[0]?.ready, ready);
    assert.deepEqual(serviceView(of, slices.toReversed()).ports[0]?.ready, ready, 'whatever the order');
  });

test('serviceView() knows the TCP ports of the Service, each with its own', () => {
  const spec = {
    ports: [
      { name: 'api', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'admin', port: 81 },
    ],
  };
  assert.deepEqual(serviceView(service(spec), [slice([at('10.0.0.1')])]), {
    ports: [
      { name: 'api', port: 80, ready: ['10.0.0.1:8000'], cut: 0 },
      { name: 'admin', port: 81, ready: [], cut: 0 },
    ],
  });
});

test('serviceView() holds at most 256 endpoints of a port and says how many it left out', () => {
  const many = Array.from({ length: 300 }, (_, index) => at(`10.0.${index >> 8}.${index & 255}`));
  const [port] = serviceView(API, [slice(many.slice(0, 100)), slice(many.slice(100))]).ports;
  assert.deepEqual([port?.ready.length, port?.cut], [256, 44]);
});

test('serviceView() of an ExternalName has the other name and no endpoints', () => {
  assert.deepEqual(serviceView(service({ type: 'ExternalName', externalName: 'vllm.example.com' }), []), {
    externalName: 'vllm.example.com',
    ports: [],
  });
});
