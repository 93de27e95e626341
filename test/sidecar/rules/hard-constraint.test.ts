/**
 * Whatever policies, requests and faults come together, no request reaches a provider without the tags that are required for it, neither as a
 * hedge nor as a copy for a shadow. Which tags these are is said here a second time, without CEL.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PolicyGuardrail } from '#contract/policy/policy';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { placeFor } from '#test/sidecar/callback/stage';
import { type PolicyWords, policyOf, startSidecar, type TargetWords, until } from '#test/sidecar/start-sidecar';
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
  ["caller.region in ['eu', '']", ({ region }) => region !== 'us'],
  [
    "caller.labels['data'] == 'health' && caller.labels['none'] == '' && request.stream",
    ({ kind }) => kind === 'stream',
  ],
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
  kind: fc.constantFrom('chat', 'chat', 'stream', 'messages', 'embeddings', 'files', 'files', 'batch', 'job'),
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
  /** Takes every request of the rule, or gets a copy of it. */
  trial: fc.option(
    fc.record({ provider: fc.constantFrom(...PROVIDERS), mode: fc.constantFrom('Live' as const, 'Shadow' as const) }),
    { nil: undefined },
  ),
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
  /** The first target says nothing, so that requests are hedged; seldom, since each of them takes a while. */
  isLate: fc.constantFrom(true, ...Array.from({ length: 5 }, () => false)),
  enforced: fc.array(required, { minLength: 1, maxLength: 3 }),
  observed: fc.array(required, { maxLength: 1 }),
  rules: fc.tuple(rule, rule),
  mask: fc.boolean(),
  requests: fc.array(asked, { minLength: 1, maxLength: 3 }),
});
type Scene = typeof scene extends fc.Arbitrary<infer S> ? S : never;

const modelOf = (index: number): Asked['model'] => (index === 0 ? 'one' : 'two');
/** A job waits as long as it takes, and what accounts keep knows no targets. */
const isTimed = (asked: Asked): boolean => !isKept(asked) && asked.kind !== 'job';
/** As it may be hedged. What bears no mark must not be given up so soon that it comes after its end. */
const hedged = (asked: Asked): Asked => ({ ...asked, model: 'one', kind: isKept(asked) ? 'chat' : asked.kind });
const isCopied = ({ rules }: Scene, asked: Asked): boolean =>
  isTimed(asked) && rules.some(({ trial }, index) => modelOf(index) === asked.model && trial?.mode === 'Shadow');

const stated = (entries: Scene['enforced']): Require =>
  entries.map(({ when, tags }) => ({ tags, ...(WHEN[when]![0] !== undefined && { when: WHEN[when]![0] }) }));

const MASK: PolicyGuardrail = {
  ...{ policy: 'p/mask', name: 'mail', stage: 'Input', detect: ['Email'], patterns: [] },
  ...{ action: 'Mask', unlessTags: ['azure'] },
};

const lateOf = ({ isLate, rules }: Scene): Name | undefined =>
  isLate ? (rules[0].targets[0]?.provider as Name) : undefined;

function wordsOf(drawn: Scene, fakes: Record<Name, FakeProvider>): PolicyWords {
  const { tags, enforced, observed, rules, mask } = drawn;
  const late = lateOf(drawn);
  // Who says nothing is given up soon.
  const patience = late ? { timeouts: { firstTokenMs: 60 } } : {};
  return {
    attribution: { labels: { data: 'health' } },
    providers: Object.fromEntries(
      PROVIDERS.map((name) => [
        name,
        { type: name === 'e' ? 'Anthropic' : 'OpenAI', endpoint: fakes[name].url, tags: tags[name] },
      ]),
    ),
    routes: rules.map(({ targets, fallbacks, strategy, trial, goesOn }, index) => ({
      models: [modelOf(index)],
      ...(late && { hedge: { afterMs: 1, maxPercent: 100 } }),
      callback: {},
      rule: { strategy },
      targets: targets.map((one) => ({ ...one, ...patience, ...(strategy === 'Weighted' && { weight: 1 }) })),
      ...(trial && {
        variants: [
          {
            name: 'trial',
            percent: 100,
            mode: trial.mode,
            target: { ...patience, provider: trial.provider, maxRetries: 0 },
          },
        ],
      }),
      ...(goesOn && { stream: { onBreak: 'Continue', onClientGone: 'Abort', holdUntil: 'FirstContent' } as const }),
      fallbacks: fallbacks.map((one) => ({ ...one, ...patience })),
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

const MARK = /\[request (\d+)\]/;
/** Requests that are remembered, for what comes late. */
const KEPT = 100;

interface Held {
  readonly drawn: Scene;
  readonly request: Asked;
  readonly must: ReadonlySet<string>;
}

/** Resolves when the sidecar is done with it. */
async function ask(url: string, request: Asked): Promise<{ readonly status: number; readonly text: string }> {
  const { kind, region, user, account } = request;
  const body = bodyOf(request);
  const response = await fetch(url + PATHS[kind], {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      ...(region && { 'x-region': region, 'x-remora-region': region }),
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
  let hash = 0;
  let number = 0;
  // An hour each, so that no case knows who failed in another one.
  const running = await startSidecar(t, {
    config: { jobsIn: placeFor(t) },
    deps: { monotonicMs: () => hash * 3_600_000 },
  });
  const seen = {
    refused: 0,
    failedOver: 0,
    hedged: 0,
    copied: 0,
    notCopied: 0,
    ...Object.fromEntries(Object.keys(PATHS).map((kind) => [kind, 0])),
  } as Record<string, number>;
  const count = (what: string, happened: boolean) => {
    if (happened) seen[what] = (seen[what] ?? 0) + 1;
  };

  /** What became of a request, and of its copy: only what was answered is copied. */
  async function recordsOf(isCopied: boolean): Promise<readonly RequestRecord[]> {
    const { records } = running;
    await until(() => records.some(({ shadow }) => shadow !== true), 'the request is recorded');
    const isExpected = isCopied && records.some(({ shadow, outcome }) => shadow !== true && outcome === 'ok');
    const count = isExpected ? 2 : 1;
    await until(() => records.length === count, 'the copy is recorded');
    return records.toSorted((a, b) => Number(a.shadow ?? false) - Number(b.shadow ?? false));
  }

  const known = new Map<number, Held>();

  /** Whoever got a request since the last look is held to what that one asked for; those that got the current one. */
  function check(current: Held): Name[] {
    const reached = new Set<Name>();
    for (const name of PROVIDERS) {
      for (const { rawBody } of fakes[name].requests) {
        // One that was ended on its way may come after its end.
        const marked = MARK.exec(rawBody)?.[1];
        const of = marked === undefined ? current : known.get(Number(marked));
        assert.ok(of !== undefined, `${marked} is long over`);
        for (const tag of of.must)
          assert.ok(
            of.drawn.tags[name].includes(tag),
            `${of.request.kind} reached ${name}, which does not carry ${tag}`,
          );
        if (of === current) reached.add(name);
      }
      fakes[name].forget();
    }
    return [...reached];
  }

  async function hold(drawn: Scene): Promise<void> {
    hash += 1;
    if (hash % 10_000 === 0) t.diagnostic(`${hash} cases: ${JSON.stringify(seen)}`);
    const applied = running.sidecar.sink.applyPolicy(policyOf(wordsOf(drawn, fakes)), String(hash));
    assert.ok(applied.applied, applied.applied ? '' : applied.reason);
    for (const name of PROVIDERS) {
      const fault = drawn.faults[name];
      fakes[name].respondWith(fault === undefined ? {} : { fault });
    }
    const late = lateOf(drawn);
    for (const one of drawn.requests) {
      number += 1;
      const asked = late === undefined ? one : hedged(one);
      const request = { ...asked, text: `${one.text} [request ${number}]` };
      const must = new Set(drawn.enforced.flatMap(({ when, tags }) => (WHEN[when]![1](request) ? tags : [])));
      const current = { must, drawn, request };
      known.set(number, current);
      known.delete(number - KEPT);
      running.records.length = 0;
      if (late !== undefined) fakes[late].respondWith(isTimed(request) ? { fault: { kind: 'hang' } } : {});
      const { text } = await ask(running.url, request);
      const [real, copy] = await recordsOf(isCopied(drawn, request));
      const reached = check(current);
      count(request.kind, must.size > 0 && reached.length > 0);
      count('failedOver', must.size > 0 && reached.length > 1);
      count('refused', text.includes('no_compliant_target'));
      count('hedged', must.size > 0 && real?.attempts.some(({ hedge }) => hedge === true) === true);
      count('copied', must.size > 0 && copy !== undefined && copy.attempts.length > 0);
      count('notCopied', copy?.outcome === 'no_compliant_target');
    }
  }

  await fc.assert(fc.asyncProperty(scene, hold), { seed: SEED, numRuns: CASES });
  assert.deepEqual(running.faults, []);
  t.diagnostic(JSON.stringify(seen));
  // Else the property would hold of nothing.
  for (const [what, often] of Object.entries(seen)) assert.ok(often > CASES / 200, `${what}: ${often}`);
});
