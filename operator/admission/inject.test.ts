import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AdmissionDecision, inject } from './inject.ts';
import type { PatchOperation } from './json-patch.ts';
import { type Pod, pod as podSchema } from './pod.ts';
import type { InjectionConfig } from './sidecar-container.ts';

const CONFIG: InjectionConfig = {
  version: '0.1.0',
  image: 'remora:0.1.0',
  imagePullPolicy: 'IfNotPresent',
  operatorAddress: 'remora.remora-system.svc:24110',
  caPem: '-----BEGIN CERTIFICATE-----',
};

const annotated = (value: string, spec: object = {}): Pod =>
  podSchema.parse({
    metadata: { annotations: { 'remora.dev/inject': value } },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  });

const decide = (pod: Pod, enabled = false): AdmissionDecision => inject(pod, { enabled }, CONFIG);

function operationsOf(decision: AdmissionDecision): readonly PatchOperation[] {
  assert.ok(decision.allowed);
  return decision.operations;
}

/** RFC 6902 `add`, `replace` and `remove`, strictly: a path that does not exist is an error. */
function applyPatch(document: Pod, operations: readonly PatchOperation[]): Pod {
  const root = structuredClone(document);
  for (const operation of operations) {
    const keys = operation.path
      .slice(1)
      .split('/')
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    let parent: unknown = root;
    for (const key of keys) {
      parent = (parent as Record<string, unknown>)[key];
      assert.ok(typeof parent === 'object' && parent !== null, `no parent at ${operation.path}`);
    }
    if (Array.isArray(parent)) {
      assert.notEqual(operation.op, 'remove');
      const index = last === '-' ? parent.length : Number(last);
      assert.ok(index <= parent.length);
      if (operation.op !== 'remove') parent.splice(index, operation.op === 'replace' ? 1 : 0, operation.value);
    } else if (operation.op === 'remove') delete (parent as Record<string, unknown>)[last];
    else (parent as Record<string, unknown>)[last] = operation.value;
  }
  return podSchema.parse(root);
}

const injected = (pod: Pod, enabled = false) => applyPatch(pod, operationsOf(decide(pod, enabled)));

test('inject() puts a restricted native sidecar first and mounts its token only there', () => {
  const pod = injected(annotated('true', { initContainers: [{ name: 'migrate' }] }));
  const [sidecar, migrate] = pod.spec.initContainers ?? [];
  assert.ok(sidecar);
  assert.equal(sidecar.name, 'remora-proxy');
  assert.equal(sidecar.restartPolicy, 'Always');
  assert.equal(migrate?.name, 'migrate');
  assert.deepEqual((sidecar.securityContext as Record<string, unknown>).capabilities, { drop: ['ALL'] });
  assert.equal(pod.spec.containers[0]?.volumeMounts, undefined);
  assert.equal(pod.metadata.labels?.['remora.dev/injected'], 'true');
});

test('inject() covers the path of the API token, so that the sidecar never holds the one of the app', () => {
  const [sidecar] = injected(annotated('true')).spec.initContainers ?? [];
  assert.ok(sidecar);
  const paths = (sidecar.volumeMounts as { mountPath: string }[]).map((mount) => mount.mountPath);
  assert.ok(paths.includes('/var/run/secrets/kubernetes.io/serviceaccount'));
});

test('inject() sets the environment of the SDK where it is absent, in init containers too', () => {
  const pod = injected(annotated('true', { initContainers: [{ name: 'migrate' }] }));
  const expected = [
    { name: 'OPENAI_BASE_URL', value: 'http://127.0.0.1:24100/v1' },
    { name: 'OPENAI_API_BASE', value: 'http://127.0.0.1:24100/v1' },
    { name: 'OPENAI_API_KEY', value: 'remora-placeholder-key' },
    // Anthropic's clients add the version themselves.
    { name: 'ANTHROPIC_BASE_URL', value: 'http://127.0.0.1:24100' },
    { name: 'ANTHROPIC_API_KEY', value: 'remora-placeholder-key' },
    { name: 'AZURE_OPENAI_ENDPOINT', value: 'http://127.0.0.1:24100' },
    { name: 'GOOGLE_GEMINI_BASE_URL', value: 'http://127.0.0.1:24100' },
    { name: 'GEMINI_API_KEY', value: 'remora-placeholder-key' },
    { name: 'GOOGLE_VERTEX_BASE_URL', value: 'http://127.0.0.1:24100' },
    { name: 'GROQ_BASE_URL', value: 'http://127.0.0.1:24100' },
  ];
  assert.deepEqual(pod.spec.containers[0]?.env, expected);
  assert.deepEqual(pod.spec.initContainers?.[1]?.env, expected);
});

test('inject() leaves an endpoint and a key of the user alone and says why', () => {
  const pod = injected(
    annotated('true', {
      containers: [
        { name: 'own-endpoint', env: [{ name: 'OPENAI_BASE_URL', value: 'https://example.com/v1' }] },
        { name: 'own-key', env: [{ name: 'OPENAI_API_KEY', value: 'k' }] },
        { name: 'own-token', env: [{ name: 'ANTHROPIC_AUTH_TOKEN', value: 't' }] },
      ],
    }),
  );
  const status = JSON.parse(pod.metadata.annotations?.['remora.dev/status'] ?? '') as Record<string, unknown>;
  const others = [
    'ANTHROPIC_BASE_URL',
    'ANTHROPIC_API_KEY',
    'AZURE_OPENAI_ENDPOINT',
    'GOOGLE_GEMINI_BASE_URL',
    'GEMINI_API_KEY',
    'GOOGLE_VERTEX_BASE_URL',
    'GROQ_BASE_URL',
  ];
  assert.deepEqual(
    pod.spec.containers[0]?.env?.map(({ name }) => name),
    ['OPENAI_BASE_URL', ...others],
  );
  assert.deepEqual(status.env, {
    'own-endpoint': others,
    'own-key': ['OPENAI_BASE_URL', 'OPENAI_API_BASE', ...others],
    'own-token': [
      'OPENAI_BASE_URL',
      'OPENAI_API_BASE',
      'OPENAI_API_KEY',
      ...others.filter((name) => name !== 'ANTHROPIC_API_KEY'),
    ],
  });
  assert.deepEqual(status.skipped, {
    'own-endpoint': {
      OPENAI_BASE_URL: 'set by the container',
      OPENAI_API_BASE: 'the container sets OPENAI_BASE_URL',
      OPENAI_API_KEY: 'the container sets OPENAI_BASE_URL',
    },
    'own-key': { OPENAI_API_KEY: 'set by the container' },
    'own-token': { ANTHROPIC_API_KEY: 'the container sets ANTHROPIC_AUTH_TOKEN' },
  });
});

test('inject() follows the annotation of the pod before the label of its namespace', () => {
  const plain = podSchema.parse({ spec: { containers: [{ name: 'app' }] } });
  assert.deepEqual(operationsOf(decide(plain)), []);
  assert.notDeepEqual(operationsOf(decide(plain, true)), []);
  assert.deepEqual(operationsOf(decide(annotated('false'), true)), []);
});

test('inject() lets pods that cannot have a sidecar through with a warning', () => {
  const cases: [Pod, RegExp][] = [
    [annotated('true', { hostNetwork: true }), /hostNetwork/],
    [annotated('true', { os: { name: 'windows' } }), /Windows/],
    [annotated('true', { nodeSelector: { 'kubernetes.io/os': 'windows' } }), /Windows/],
    [annotated('yes'), /must be "true" or "false", not "yes"/],
  ];
  for (const [pod, warning] of cases) {
    const decision = decide(pod);
    assert.deepEqual(operationsOf(decision), []);
    assert.match((decision.allowed && decision.warnings[0]) || '', warning);
  }
});

test('inject() refuses a container that takes the name of the sidecar, and an unknown start mode', () => {
  const taken = decide(annotated('true', { containers: [{ name: 'remora-proxy' }] }));
  assert.ok(!taken.allowed && taken.reason.includes('reserved'));
  const pod = annotated('true');
  const start = decide({
    ...pod,
    metadata: { annotations: { ...pod.metadata.annotations, 'remora.dev/start': 'now' } },
  });
  assert.ok(!start.allowed && start.reason.includes('"wait" or "degraded"'));
});

test('inject() tells the sidecar how many requests it may have under way, where the chart says it', () => {
  const envOf = (config: InjectionConfig) =>
    applyPatch(
      annotated('true'),
      operationsOf(inject(annotated('true'), { enabled: false }, config)),
    ).spec.initContainers?.[0]?.env?.find(({ name }) => name === 'REMORA_MAX_REQUESTS');
  assert.equal(envOf(CONFIG), undefined);
  assert.deepEqual(envOf({ ...CONFIG, maxRequests: 2_500 }), { name: 'REMORA_MAX_REQUESTS', value: '2500' });
});

test('inject() gives open requests the grace period of the pod, less what the last returns take', () => {
  const drainOf = (spec: object) =>
    injected(annotated('true', spec)).spec.initContainers?.[0]?.env?.find(({ name }) => name === 'REMORA_DRAIN_SECONDS')
      ?.value;
  assert.equal(drainOf({}), '25');
  assert.equal(drainOf({ terminationGracePeriodSeconds: 600 }), '595');
  assert.equal(drainOf({ terminationGracePeriodSeconds: 0 }), '1');
  assert.equal(drainOf({ terminationGracePeriodSeconds: 10_000_000 }), '86400');
});

test('inject() replaces a sidecar container that is not as it wrote it', () => {
  const forged = injected(annotated('true'));
  const [sidecar] = forged.spec.initContainers ?? [];
  if (sidecar) sidecar.image = 'attacker:1';
  assert.equal(injected(forged).spec.initContainers?.[0]?.image, CONFIG.image);
});

test('inject() gives a container that another webhook added afterwards its environment', () => {
  const pod = injected(annotated('true'));
  pod.spec.containers.push({ name: 'late' });
  const again = injected(pod);
  assert.deepEqual(again.spec.containers[1]?.env, again.spec.containers[0]?.env);
  assert.equal(again.spec.initContainers?.length, 1);
});

const AWS_TOKEN = { name: 'aws-iam-token', mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' };
const AWS_ENV = [
  { name: 'AWS_REGION', value: 'eu-west-1' },
  { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::123456789012:role/app' },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${AWS_TOKEN.mountPath}/token` },
];

/** As the webhook of EKS does: every container that has it not, init containers too, and nothing twice. */
function giveRole(pod: Pod): Pod {
  const treated = structuredClone(pod);
  for (const container of [...(treated.spec.initContainers ?? []), ...treated.spec.containers]) {
    if (container.env?.some(({ name }) => name === 'AWS_ROLE_ARN')) continue;
    container.env = [...(container.env ?? []), ...AWS_ENV];
    container.volumeMounts = [...(container.volumeMounts ?? []), { ...AWS_TOKEN, readOnly: true }];
  }
  return treated;
}

const sidecarOf = (pod: Pod) => pod.spec.initContainers?.find(({ name }) => name === 'remora-proxy');

test('inject() gives the sidecar the identity that the webhook of a cloud gave the app, whichever of the two came first', () => {
  const orders = {
    'the cloud first': injected(giveRole(annotated('true'))),
    'the cloud last': giveRole(injected(annotated('true'))),
    'the cloud first and again': giveRole(injected(giveRole(annotated('true')))),
  };
  for (const [order, pod] of Object.entries(orders)) {
    const sidecar = sidecarOf(pod);
    for (const variable of AWS_ENV)
      assert.deepEqual(
        sidecar?.env?.filter(({ name }) => name === variable.name),
        [variable],
        order,
      );
    const mounts = sidecar?.volumeMounts?.filter(({ mountPath }) => mountPath === AWS_TOKEN.mountPath);
    assert.deepEqual(mounts, [{ ...AWS_TOKEN, readOnly: true }], order);
    assert.deepEqual(operationsOf(decide(pod)), [], order);
  }
});

test('inject() gives the sidecar what it lacks when the identity came after it, and only to the app', () => {
  const pod = injected(annotated('true'));
  const [app] = giveRole(annotated('true')).spec.containers;
  assert.ok(app);
  const late: Pod = {
    ...pod,
    spec: { ...pod.spec, containers: [{ ...app, env: [...(pod.spec.containers[0]?.env ?? []), ...(app.env ?? [])] }] },
  };
  const again = injected(late);
  assert.ok(sidecarOf(again)?.env?.some(({ name }) => name === 'AWS_ROLE_ARN'));
  assert.deepEqual(operationsOf(decide(again)), []);
});

test('inject() mounts the token of workload identity federation with Google, and no other file of the app', () => {
  const token = (audience: string) => ({
    projected: { sources: [{ serviceAccountToken: { audience, path: 'token' } }] },
  });
  const pod = injected(
    annotated('true', {
      containers: [
        {
          name: 'app',
          env: [
            { name: 'AWS_SECRET_ACCESS_KEY', value: 'of the app' },
            { name: 'AWS_REGION', value: 'eu-west-1' },
          ],
          volumeMounts: [
            { name: 'gcp', mountPath: '/var/run/secrets/tokens' },
            { name: 'vault', mountPath: '/var/run/secrets/vault' },
            { name: 'data', mountPath: '/data' },
          ],
        },
      ],
      volumes: [
        {
          name: 'gcp',
          ...token('//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q'),
        },
        { name: 'vault', ...token('vault') },
        { name: 'data', emptyDir: {} },
      ],
    }),
  );
  const sidecar = sidecarOf(pod);
  const mounted = sidecar?.volumeMounts?.map(({ name }) => name) ?? [];
  assert.deepEqual(
    mounted.filter((name) => !name.startsWith('remora-')),
    ['gcp'],
  );
  assert.ok(!sidecar?.env?.some(({ name }) => name.startsWith('AWS_')));
});

const env = fc.option(
  fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('OPENAI_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_API_BASE', 'ANTHROPIC_BASE_URL', 'OTHER'),
      value: fc.string(),
    }),
    { selector: (variable) => variable.name },
  ),
  { nil: undefined },
);
// Names of containers and init containers together are unique in a pod.
const containers = (...names: string[]) =>
  fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), env }), {
    selector: (one) => one.name,
    minLength: 1,
    maxLength: 4,
  });
const anyPod = fc
  .record({
    inject: fc.constantFrom('true', 'false', undefined),
    labels: fc.option(fc.dictionary(fc.constantFrom('app', 'tier/x'), fc.string()), { nil: undefined }),
    containers: containers('app', 'web', 'worker'),
    initContainers: fc.option(containers('migrate', 'wait', 'log~tail'), { nil: undefined }),
    volumes: fc.option(fc.constant([{ name: 'data' }]), { nil: undefined }),
  })
  .map(({ inject, labels, ...spec }) =>
    podSchema.parse({
      metadata: { ...(inject && { annotations: { 'remora.dev/inject': inject } }), ...(labels && { labels }) },
      spec,
    }),
  );

test('inject() applied twice is inject() applied once, and never changes what the user wrote', () => {
  fc.assert(
    fc.property(anyPod, fc.boolean(), (pod, enabled) => {
      const once = injected(pod, enabled);
      assert.deepEqual(operationsOf(decide(once, enabled)), []);
      for (const [index, container] of pod.spec.containers.entries())
        assert.deepEqual(
          once.spec.containers[index]?.env?.slice(0, container.env?.length ?? 0) ?? [],
          container.env ?? [],
        );
    }),
    { seed: 20261121, numRuns: 300 },
  );
});
