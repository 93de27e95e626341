/**
 * Whatever policies, requests and faults come together, no request reaches a provider without the tags that are required for it. Which tags
 * these are is said here a second time, without CEL.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { placeFor } from '#test/sidecar/callback/stage';
import { type PolicyWords, policyOf, startSidecar, type TargetWords } from '#test/sidecar/start-sidecar';
import { countOf } from '#test/support/counts';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Fault } from '#test/support/providers/script';
import type { Require } from './start-rules.ts';

const CASES = countOf('constraintCases');
const SEED = 20_261_121;
const TAGS = ['eu', 'azure', 'hipaa'];
const PROVIDERS = ['a', 'b', 'c', 'd', 'e'] as const;
type Name = (typeof PROVIDERS)[number];

interface Asked {
  readonly kind: 'chat' | 'stream' | 'messages' | 'embeddings' | 'files' | 'batch' | 'job';
  readonly model: 'one' | 'two';
  readonly text: string;
  readonly region: 'eu' | 'us' | undefined;
  readonly user: string | undefined;
  /** Whose account is meant, of what accounts keep. */
  readonly account: Name;
}

const isKept = ({ kind }: Asked): boolean => kind === 'files' || kind === 'batch';
const isConversation = ({ kind }: Asked): boolean => !isKept({ kind } as Asked) && kind !== 'embeddings';

/** What a requirement says, and for which requests it holds. A header that is not there cannot be judged, so that it binds. */
const WHEN: readonly (readonly [string | undefined, (asked: Asked) => boolean])[] = [
  [undefined, () => true],
  ['request.pii', (asked) => !isKept(asked) && asked.text.includes('@')],
  ["request.headers['x-region'] == 'eu'", ({ region }) => region !== 'us'],
  ["'x-region' in request.headers && request.headers['x-region'] == 'us'", ({ region }) => region === 'us'],
  ["request.model == 'one'", ({ kind, model }) => kind === 'batch' || (kind !== 'files' && model === 'one')],
  ['request.stream', ({ kind }) => kind === 'stream'],
  ["caller.user == 'ada' && caller.team == 'data'", ({ user }) => user === 'ada'],
  // Divides by 0 where there is no conversation.
  ['10 / request.turns > 10', (asked) => !isConversation(asked)],
  ["request.prompt.matches('(?i)secret')", (asked) => !isKept(asked) && /secret/i.test(asked.text)],
];

const FAULTS: readonly (Fault | undefined)[] = [
  undefined,
  undefined,
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429 },
  { kind: 'status', status: 401 },
  { kind: 'reset-before-head' },
  { kind: 'cut', afterEvents: 1 },
  { kind: 'html' },
  { kind: 'half-json' },
];

const subset = fc.subarray(TAGS);
const required = fc.record({ when: fc.nat(WHEN.length - 1), tags: fc.subarray(TAGS, { minLength: 1 }) });
const asked: fc.Arbitrary<Asked> = fc.record({
  kind: fc.constantFrom('chat', 'chat', 'stream', 'messages', 'embeddings', 'files', 'batch', 'job'),
  model: fc.constantFrom('one', 'two'),
  text: fc.constantFrom(
    'Say hello.',
    'Write to ada@example.org',
    'a SECRET of ours',
    `${'long '.repeat(15_000)} ada@example.org`,
  ),
  region: fc.constantFrom('eu', 'us', undefined),
  user: fc.constantFrom('ada', 'bob', undefined),
  account: fc.constantFrom(...PROVIDERS),
});
const target: fc.Arbitrary<TargetWords> = fc.record({
  provider: fc.constantFrom(...PROVIDERS),
  maxRetries: fc.constant(0),
});
const rule = fc.record({
  targets: fc.array(target, { minLength: 1, maxLength: 3 }),
  fallbacks: fc.array(target, { maxLength: 3 }),
  strategy: fc.constantFrom('Priority', 'Weighted', 'LeastLatency', 'LeastCost'),
  /** Takes every request of the rule. */
  onTrial: fc.option(fc.constantFrom(...PROVIDERS), { nil: undefined }),
  goesOn: fc.boolean(),
});
const scene = fc.record({
  tags: fc.record(Object.fromEntries(PROVIDERS.map((name) => [name, subset])) as Record<Name, typeof subset>),
  faults: fc.record(
    Object.fromEntries(PROVIDERS.map((name) => [name, fc.constantFrom(...FAULTS)])) as Record<
      Name,
      fc.Arbitrary<Fault | undefined>
    >,
  ),
  enforced: fc.array(required, { minLength: 1, maxLength: 3 }),
  observed: fc.array(required, { maxLength: 1 }),
  rules: fc.tuple(rule, rule),
  mask: fc.boolean(),
  requests: fc.array(asked, { minLength: 1, maxLength: 3 }),
});
type Scene = typeof scene extends fc.Arbitrary<infer S> ? S : never;

const stated = (entries: Scene['enforced']): Require =>
  entries.map(({ when, tags }) => ({ tags, ...(WHEN[when]![0] !== undefined && { when: WHEN[when]![0] }) }));

const MASK: PolicyGuardrail = {
  ...{ policy: 'p/mask', name: 'mail', stage: 'Input', detect: ['Email'], patterns: [] },
  ...{ action: 'Mask', unlessTags: ['azure'] },
};

function wordsOf({ tags, enforced, observed, rules, mask }: Scene, fakes: Record<Name, FakeProvider>): PolicyWords {
  return {
    providers: Object.fromEntries(
      PROVIDERS.map((name) => [
        name,
        { type: name === 'e' ? 'Anthropic' : 'OpenAI', endpoint: fakes[name].url, tags: tags[name] },
      ]),
    ),
    routes: rules.map(({ targets, fallbacks, strategy, onTrial, goesOn }, index) => ({
      models: [index === 0 ? 'one' : 'two'],
      callback: {},
      rule: { strategy },
      targets: targets.map((one) => ({ ...one, ...(strategy === 'Weighted' && { weight: 1 }) })),
      ...(onTrial && { variants: [{ name: 'trial', percent: 100, target: { provider: onTrial, maxRetries: 0 } }] }),
      ...(goesOn && { stream: { onBreak: 'Continue', onClientGone: 'Abort', holdUntil: 'FirstContent' } as const }),
      fallbacks,
    })),
    requirements: [
      { policy: 'p/enforced', require: stated(enforced) },
      { policy: 'p/observed', mode: 'Observe', require: stated(observed) },
    ],
    guardrails: mask ? [MASK] : [],
  };
}

const PATHS: Readonly<Record<Asked['kind'], string>> = {
  ...{ chat: '/v1/chat/completions', stream: '/v1/chat/completions', job: '/v1/chat/completions' },
  ...{ messages: '/v1/messages', embeddings: '/v1/embeddings', files: '/v1/files', batch: '/v1/batches' },
};

function bodyOf({ kind, model, text }: Asked): object | undefined {
  if (kind === 'files') return undefined;
  if (kind === 'batch') return { input_file_id: 'file-1', endpoint: '/v1/embeddings', completion_window: '24h' };
  if (kind === 'embeddings') return { model, input: text };
  return {
    model,
    max_tokens: 9,
    messages: [{ role: 'user', content: text }],
    ...(kind === 'stream' && { stream: true }),
  };
}

/** Resolves when the sidecar is done with it. */
async function ask(url: string, request: Asked): Promise<{ readonly status: number; readonly text: string }> {
  const { kind, region, user, account } = request;
  const body = bodyOf(request);
  const response = await fetch(url + PATHS[kind], {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      ...(region && { 'x-region': region }),
      ...(user && { 'x-remora-user': user }),
      ...(isKept(request) && { 'x-remora-provider': account }),
      ...(kind === 'job' && { 'x-remora-callback': 'fetch' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  // A stream may break under way, which is for others to test.
  const text = await response.text().catch(() => '');
  if (response.status !== 202) return { status: response.status, text };
  const place = `${url}${response.headers.get('location')}`;
  for (;;) {
    const job = await fetch(place);
    const answer = { status: job.status, text: await job.text() };
    if (job.status !== 202) return answer;
  }
}

test(`no request reaches a provider without the tags that it must have, in ${CASES} cases (seed ${SEED})`, async (t) => {
  const fakes = Object.fromEntries(
    await Promise.all(
      PROVIDERS.map(async (name) => [
        name,
        await startFakeProvider({ dialect: name === 'e' ? 'anthropic' : 'openai' }),
      ]),
    ),
  ) as Record<Name, FakeProvider>;
  for (const fake of Object.values(fakes)) t.after(() => fake.close());
  const running = await startSidecar(t, { config: { jobsIn: placeFor(t) } });
  let hash = 0;
  const seen = {
    refused: 0,
    failedOver: 0,
    ...Object.fromEntries(Object.keys(PATHS).map((kind) => [kind, 0])),
  } as Record<string, number>;
  const count = (what: string, happened: boolean) => {
    if (happened) seen[what] = (seen[what] ?? 0) + 1;
  };

  async function hold(drawn: Scene): Promise<void> {
    hash += 1;
    const applied = running.sidecar.sink.applyPolicy(policyOf(wordsOf(drawn, fakes)), String(hash));
    assert.ok(applied.applied, applied.applied ? '' : applied.reason);
    for (const name of PROVIDERS) {
      const fault = drawn.faults[name];
      fakes[name].respondWith(fault === undefined ? {} : { fault });
    }
    for (const request of drawn.requests) {
      for (const fake of Object.values(fakes)) fake.forget();
      const { text } = await ask(running.url, request);
      const must = new Set(drawn.enforced.flatMap(({ when, tags }) => (WHEN[when]![1](request) ? tags : [])));
      const reached = PROVIDERS.filter((name) => fakes[name].requests.length > 0);
      for (const name of reached)
        for (const tag of must)
          assert.ok(drawn.tags[name].includes(tag), `${request.kind} reached ${name}, which does not carry ${tag}`);
      count(request.kind, must.size > 0 && reached.length > 0);
      count('failedOver', must.size > 0 && reached.length > 1);
      count('refused', text.includes('no_compliant_target'));
    }
    running.records.length = 0;
  }

  await fc.assert(fc.asyncProperty(scene, hold), { seed: SEED, numRuns: CASES });
  assert.deepEqual(running.faults, []);
  // Else the property would hold of nothing.
  for (const [what, often] of Object.entries(seen)) assert.ok(often > CASES / 100, `${what}: ${often}`);
});
