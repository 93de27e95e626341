import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BUDGET_UNITS, BUDGET_WINDOWS } from '#contract/resources/limit-names';
import { RETRY_CONDITIONS } from '#contract/resources/route-resilience';
import { buildPolicy, buildRoute } from '#test/support/build-policy';
import { policyHash } from './hash.ts';
import { type Policy, policy as policySchema } from './policy.ts';
import {
  assemblePolicy,
  diffSections,
  heldOf,
  type Sections,
  sectionOf,
  sectionsHash,
  sectionsOf,
} from './sections.ts';

const seed = 20261121;
const name = fc.stringMatching(/^[a-z]{1,3}$/);
const key = fc.tuple(name, name).map(([namespace, object]) => `${namespace}/${object}`);
const texts = fc.array(fc.string(), { maxLength: 2 });
const names = fc.uniqueArray(name, { maxLength: 2 });
const integer = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String);
const timeouts = fc.record({ connectMs: fc.nat(), firstTokenMs: fc.nat(), idleMs: fc.nat() });
const target = fc.record({
  name: fc.string(),
  provider: key,
  model: fc.string(),
  weight: fc.option(fc.nat()),
  maxRetries: fc.nat(5),
  timeouts,
  circuitBreaker: fc.option(
    fc.record({
      consecutiveFailures: fc.nat(),
      errorPercent: fc.nat(100),
      firstTokenP95Ms: fc.option(fc.nat()),
      openForMs: fc.nat(),
    }),
  ),
  price: fc.option(fc.record({ inputPico: integer, cachedInputPico: integer, outputPico: integer })),
});
const targets = fc.array(target, { maxLength: 2 });
const headers = fc.array(fc.record({ name, value: name }), { maxLength: 1 });
const when = fc.string({ minLength: 1 });
const rule = fc.record(
  { match: fc.record({ models: texts, headers }), when, targets, fallbacks: targets },
  { requiredKeys: ['match', 'targets', 'fallbacks'] },
);
const requirement = fc.record(
  { when, tags: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }) },
  { requiredKeys: ['tags'] },
);

const policyRecord: fc.Arbitrary<Policy> = fc.record({
  formatVersion: fc.constant(1 as const),
  sources: fc.array(fc.record({ kind: name, namespace: name, name, uid: fc.string(), generation: fc.nat() }), {
    maxLength: 2,
  }),
  attribution: fc.record(
    { namespace: name, serviceAccount: name, team: name },
    { requiredKeys: ['namespace', 'serviceAccount'] },
  ),
  providers: fc.array(
    fc.record({
      key,
      type: fc.constantFrom('OpenAI' as const, 'Mock' as const),
      endpoint: fc.string(),
      credential: fc.option(fc.string()),
      tags: texts,
    }),
    { maxLength: 3 },
  ),
  routes: fc.array(
    fc.record({
      key,
      onUnsupported: fc.constantFrom('Refuse', 'Drop'),
      models: texts,
      totalMs: fc.nat(),
      retry: fc.record({ budgetPercent: fc.nat(100), on: fc.subarray([...RETRY_CONDITIONS]) }),
      rules: fc.array(rule, { maxLength: 2 }),
    }),
    {
      maxLength: 3,
    },
  ),
  modelRules: fc.array(fc.record({ policy: key, allow: names, deny: names }), { maxLength: 3 }),
  ceilings: fc.array(fc.record({ policy: name, maxOutputTokens: fc.integer({ min: 1, max: 100_000 }) }), {
    maxLength: 2,
  }),
  priorities: fc.array(
    fc.record({
      policy: key,
      priority: fc.array(
        fc.record(
          {
            when,
            during: fc.record({ cron: fc.constant('* 9-17 * * 1-5'), timezone: fc.constant('Europe/Berlin') }),
            class: fc.constantFrom('High' as const, 'Low' as const),
          },
          { requiredKeys: ['class'] },
        ),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
  requirements: fc.array(
    fc.record(
      { policy: key, mode: fc.constant('Observe' as const), require: fc.array(requirement, { maxLength: 2 }) },
      { requiredKeys: ['policy', 'require'] },
    ),
    { maxLength: 2 },
  ),
  guardrails: fc.array(
    fc.record({
      policy: key,
      name,
      stage: fc.constantFrom('Input' as const, 'Output' as const),
      detect: fc.constant(['Email' as const]),
      patterns: names,
      action: fc.constantFrom('Mask' as const, 'Block' as const),
      unlessTags: names,
    }),
    { maxLength: 4 },
  ),
  keys: fc.array(fc.record({ key, digest: fc.string(), models: texts, require: texts }), { maxLength: 3 }),
  budgets: fc.array(
    fc.record({
      id: key,
      budget: key,
      limit: name,
      scope: fc.constant([{ scope: 'team' as const, value: 'a' }]),
      per: fc.subarray(['user' as const]),
      unit: fc.constantFrom(...BUDGET_UNITS),
      amount: integer,
      every: fc.constantFrom(...BUDGET_WINDOWS),
      timezone: fc.option(
        fc.record({
          name,
          offsets: fc.array(fc.tuple(fc.nat(), fc.integer({ min: -900, max: 900 })), { minLength: 1 }),
        }),
        { nil: undefined },
      ),
      soft: fc.constantFrom(undefined, true as const),
      operatorLoss: fc.constantFrom(undefined, 'Stop' as const, 'Allow' as const),
    }),
    { maxLength: 3 },
  ),
});

/** Any policy the schema allows, also one with the same key twice; as plain as JSON gives it. */
const anyPolicy = policyRecord.map((policy): Policy => JSON.parse(JSON.stringify(policy)));

test('assemblePolicy() gives back every policy that sectionsOf() cut, in the same order', () => {
  fc.assert(
    fc.property(anyPolicy, (policy) => {
      assert.deepEqual(assemblePolicy(sectionsOf(policy)), policy);
    }),
    { seed, numRuns: 300 },
  );
});

test('every field of a policy travels: what is in no section would change without anybody being told', () => {
  for (const field of Object.keys(policySchema.shape)) {
    const changed = { ...buildPolicy(), [field]: [{}] };
    assert.notEqual(policyHash(changed), policyHash(buildPolicy()), `${field} is in no section`);
  }
});

test('a diff brings any holder to the wanted sections and sends nothing that it holds', () => {
  fc.assert(
    fc.property(anyPolicy, anyPolicy, (before, after) => {
      const [held, wanted] = [sectionsOf(before), sectionsOf(after)];
      const { changed, removed } = diffSections(heldOf(held), wanted);
      const next = new Map(held);
      for (const section of removed) next.delete(section);
      for (const { name: section, hash, json } of changed) {
        assert.notEqual(held.get(section)?.hash, hash);
        next.set(section, { hash, json });
      }
      assert.deepEqual(assemblePolicy(next), after);
      assert.equal(sectionsHash(next), policyHash(after));
      assert.equal(policyHash(before) === policyHash(after), changed.length === 0 && removed.length === 0);
    }),
    { seed, numRuns: 300 },
  );
});

test('a change of one route sends that route and the base, nothing else', () => {
  const route = (key: string, totalMs: number) => buildRoute(key, [], { totalMs });
  const source = (generation: number) => ({ kind: 'AIRoute', namespace: 'support', name: 'b', uid: 'u', generation });
  const before = buildPolicy({ sources: [source(1)], routes: [route('support/a', 1), route('support/b', 1)] });
  const after = buildPolicy({ sources: [source(2)], routes: [route('support/a', 1), route('support/b', 2)] });
  const { changed, removed } = diffSections(heldOf(sectionsOf(before)), sectionsOf(after));
  assert.deepEqual([changed.map((section) => section.name), removed], [['base', 'route/support/b'], []]);
});

test('assemblePolicy() refuses what is no whole policy, in one sentence that names the section', () => {
  const whole = sectionsOf(buildPolicy({ routes: [buildRoute('support/a', [])] }));
  const withSection = (name: string, json: string): Sections => new Map([...whole, [name, sectionOf(json)]]);
  const without = (name: string): Sections => new Map([...whole].filter(([each]) => each !== name));
  const base = (change: object): string => JSON.stringify({ ...JSON.parse(whole.get('base')?.json ?? ''), ...change });
  assert.throws(() => assemblePolicy(without('base')), { message: 'section base is missing' });
  assert.throws(() => assemblePolicy(without('route/support/a')), { message: 'section route/support/a is missing' });
  assert.throws(() => assemblePolicy(withSection('route/x/y', '{}')), {
    message: 'section route/x/y belongs to no policy',
  });
  assert.throws(() => assemblePolicy(withSection('base', '{')), { message: 'section base is not JSON' });
  assert.throws(() => assemblePolicy(withSection('base', '[]')), { message: 'section base is malformed' });
  assert.throws(
    () => assemblePolicy(withSection('route/support/a', '{"key":1}')),
    /policy is malformed at routes\.0\.key/,
  );
  assert.throws(() => assemblePolicy(withSection('base', base({ formatVersion: 2 }))), {
    message: 'policy format 2 is not understood; this build reads format 1',
  });
  assert.throws(() => assemblePolicy(new Map([['base', sectionOf(base({ sections: ['odd/x'] }))]])), {
    message: 'section odd/x is of an unknown kind',
  });
});

test('the hash of a policy stays the same from one release to the next', () => {
  // Written out: the hash is of these very words.
  const empty: Policy = {
    formatVersion: 1,
    sources: [],
    attribution: { namespace: 'support', serviceAccount: 'default' },
    providers: [],
    routes: [],
    modelRules: [],
    requirements: [],
    ceilings: [],
    priorities: [],
    guardrails: [],
    budgets: [],
    keys: [],
  };
  assert.equal(policyHash(empty), policyHash(structuredClone(empty)));
  assert.equal(policyHash(empty), '4dc9c05a10daf634a5bc2b4d37f5e218de2754c473e5dcb1169c937083e72de7');
});
