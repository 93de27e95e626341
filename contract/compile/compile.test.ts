import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { policy as policySchema } from '#contract/policy/policy';
import { assemblePolicy, sectionsOf } from '#contract/policy/sections';
import { checkResource } from './check-resource.ts';
import { compileWorkload, conditionsOf } from './compile.ts';
import { objectKey } from './object-key.ts';
import { ResourceIndex } from './resource-index.ts';
import { workloadKey } from './workload.ts';

const seed = 20261121;
const NAMESPACES = ['remora-system', 'support', 'sales'] as const;
const namespace = fc.constantFrom(...NAMESPACES);
const name = fc.constantFrom('a', 'b', 'c');
const metadata = fc.record({
  name,
  namespace,
  creationTimestamp: fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
  uid: fc.constant('u'),
  generation: fc.integer({ min: 1, max: 3 }),
});
const model = fc.tuple(name, fc.constantFrom('gpt-4o', '*', 'claude-sonnet-4-5', '')).map((parts) => parts.join('/'));
const targets = fc.array(
  fc.record({ model, weight: fc.option(fc.nat(3), { nil: undefined }) }, { requiredKeys: ['model'] }),
  { maxLength: 3 },
);
const object = (kind: string, spec: fc.Arbitrary<unknown>) => fc.record({ kind: fc.constant(kind), metadata, spec });
const resource = fc.oneof(
  object(
    'AIProvider',
    fc.record(
      {
        type: fc.constantFrom('OpenAI', 'Anthropic', 'OpenAICompatible', 'Mock', 'Nope'),
        endpoint: fc.constantFrom('https://api.groq.com/openai/v1', 'http://h:99999/v1', 'x'),
        auth: fc.record({ secretRef: fc.record({ name }) }),
        tags: fc.array(fc.constantFrom('eu', 'us', 'EU'), { maxLength: 2 }),
        allowedNamespaces: fc.record({ from: fc.constantFrom('Same', 'All') }),
      },
      { requiredKeys: ['type'] },
    ),
  ),
  object(
    'AIRoute',
    fc.record(
      {
        models: fc.array(fc.constantFrom('m', 'n', '*'), { maxLength: 2 }),
        targets,
        rules: fc.array(fc.record({ targets, fallbacks: targets }), { maxLength: 2 }),
        timeouts: fc.record({ connect: fc.constantFrom('1s', '0s', 'x') }),
      },
      { requiredKeys: [] },
    ),
  ),
  object(
    'AIBudget',
    fc.record({
      limits: fc.array(
        fc.record(
          {
            name,
            match: fc.record({ team: name, namespace }, { requiredKeys: [] }),
            usd: fc.constantFrom(1, '0.5', 'x'),
            tokens: fc.nat(),
            every: fc.constantFrom('Day', 'Run'),
          },
          { requiredKeys: ['name', 'every'] },
        ),
        { maxLength: 2 },
      ),
    }),
  ),
  object(
    'AIPolicy',
    fc.record(
      {
        models: fc.record({ deny: fc.array(fc.constantFrom('*/x', 'y'), { maxLength: 2 }) }),
        guardrails: fc.array(
          fc.record({
            name,
            stage: fc.constant('Input'),
            patterns: fc.array(fc.constantFrom('a+', '(?=a)', '('), { maxLength: 2 }),
            action: fc.constant('Mask'),
          }),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    ),
  ),
);

interface World {
  readonly objects: readonly unknown[];
  readonly secrets: readonly (readonly [string, string])[];
  readonly labelled: readonly string[];
}
const world: fc.Arbitrary<World> = fc.record({
  objects: fc.uniqueArray(resource, {
    maxLength: 12,
    selector: ({ kind, metadata: m }) => objectKey({ kind, namespace: m.namespace, name: m.name }),
  }),
  secrets: fc.uniqueArray(fc.tuple(namespace, name), { selector: String, maxLength: 6 }),
  labelled: fc.uniqueArray(namespace),
});

function outcome(steps: readonly ((index: ResourceIndex) => void)[]): { policies: string[]; conditions: string } {
  const index = new ResourceIndex({ platformNamespaces: ['remora-system'] });
  for (const step of steps) step(index);
  const snapshot = index.snapshot();
  const policies = NAMESPACES.map((each) => {
    const policy = compileWorkload(snapshot, { namespace: each, serviceAccount: 'default', team: 'a' });
    assert.deepEqual(policySchema.parse(policy), policy);
    assert.deepEqual(assemblePolicy(sectionsOf(policy)), policy);
    return JSON.stringify(policy);
  });
  return { policies, conditions: JSON.stringify([...conditionsOf(snapshot)]) };
}

const stepsOf = ({ objects, secrets, labelled }: World): ((index: ResourceIndex) => void)[] => [
  ...objects.map((each) => (index: ResourceIndex) => void index.apply(each)),
  ...secrets.map(
    ([ns, secret]) =>
      (index: ResourceIndex) =>
        void index.applySecretKeys(ns, secret, ['api-key']),
  ),
  ...labelled.map((ns) => (index: ResourceIndex) => void index.applyNamespace(ns, { 'remora.dev/team': 'a' })),
];

test('the same objects in any order give byte-equal policies and conditions, each policy right by its own schema', () => {
  const shuffled = world.chain((each) => {
    const steps = stepsOf(each);
    return fc.tuple(fc.constant(steps), fc.shuffledSubarray(steps, { minLength: steps.length }));
  });
  fc.assert(
    fc.property(shuffled, ([steps, other]) => assert.deepEqual(outcome(other), outcome(steps))),
    { seed, numRuns: 200 },
  );
});

test('an object that came and went leaves no trace', () => {
  fc.assert(
    fc.property(world, resource, (each, passing) => {
      const { kind, metadata: m } = passing;
      const key = objectKey({ kind, namespace: m.namespace, name: m.name });
      const steps = stepsOf({ ...each, objects: each.objects.filter((one) => keyOf(one) !== key) });
      const passage = [
        (index: ResourceIndex) => void index.apply(passing),
        ...steps,
        (index: ResourceIndex) => void index.delete(key),
      ];
      assert.deepEqual(outcome(passage), outcome(steps));
    }),
    { seed, numRuns: 100 },
  );
});

const keyOf = (one: unknown): string => {
  const { kind, metadata: m } = one as { kind: string; metadata: { name: string; namespace: string } };
  return objectKey({ kind, namespace: m.namespace, name: m.name });
};

test('no value whatsoever makes apply() or the compiler throw', () => {
  const junk = fc.record(
    { kind: fc.constantFrom('AIProvider', 'AIRoute', 'AIBudget', 'AIPolicy'), metadata, spec: fc.anything() },
    { requiredKeys: ['kind'] },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(junk, fc.anything()), { maxLength: 6 }), (values) => {
      outcome(values.map((value) => (index) => void index.apply(value)));
    }),
    { seed, numRuns: 300 },
  );
});

test('no pattern whatsoever makes the check of an AIPolicy throw', () => {
  const pattern = fc.string({
    unit: fc.constantFrom(...'ab(){}[]|*+?^$.\\\\,:-12pPQEsdwi<>!=é😀'),
    minLength: 1,
    maxLength: 16,
  });
  fc.assert(
    fc.property(pattern, (text) => {
      const guardrail = { name: 'a', stage: 'Output', patterns: [text], action: 'Mask' };
      checkResource({ kind: 'AIPolicy', metadata: { name: 'a', namespace: 'b' }, spec: { guardrails: [guardrail] } });
    }),
    { seed, numRuns: 2000 },
  );
});

test('what does not change a policy touches nothing, so that it is compiled for changes only', () => {
  const index = new ResourceIndex({ platformNamespaces: ['remora-system'] });
  const route = {
    kind: 'AIRoute',
    metadata: { name: 'a', namespace: 'support' },
    spec: { targets: [{ model: 'p/m' }] },
  };
  assert.deepEqual(index.apply(route), new Set(['support']));
  const snapshot = index.snapshot();
  assert.deepEqual(
    index.apply({ ...route, metadata: { ...route.metadata, resourceVersion: '2' }, status: {} }),
    new Set(),
  );
  assert.deepEqual(index.applySecretKeys('support', 'p', ['api-key']), new Set(), 'nobody refers to it yet');
  const provider = {
    kind: 'AIProvider',
    metadata: { name: 'p', namespace: 'support' },
    spec: { type: 'OpenAI', auth: { secretRef: { name: 'p' } } },
  };
  assert.deepEqual(index.apply(provider), new Set(['support']));
  assert.deepEqual(index.applySecretKeys('support', 'p', ['api-key']), new Set());
  assert.deepEqual(index.applySecretKeys('support', 'p', undefined), new Set(['support']));
  assert.equal(index.apply({ ...provider, metadata: { name: 'p', namespace: 'remora-system' } }), 'all');
  assert.deepEqual(index.applyNamespace('support', { a: 'b' }), new Set(['support']));
  assert.deepEqual(index.applyNamespace('support', { a: 'b' }), new Set());
  assert.deepEqual(index.delete('AIRoute/support/none'), new Set());
  assert.equal(snapshot.objects.length, 1, 'a snapshot that was taken does not change');
  assert.equal(index.snapshot(), index.snapshot(), 'and is the same until something does');
});

test('workloadKey() is equal exactly for equal workloads, whatever the order of their fields', () => {
  const workload = { namespace: 'a', serviceAccount: 'b', team: 'c' };
  assert.equal(workloadKey(workload), workloadKey({ team: 'c', serviceAccount: 'b', namespace: 'a' }));
  assert.notEqual(workloadKey(workload), workloadKey({ ...workload, feature: 'd' }));
});
