/** Refusals by a policy, money with the real gate over a real treasury. */
import {
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import type { PolicyBudget, PolicyGuardrail } from '#contract/policy/policy';
import { bearer, keyOf, startKeys } from '#test/sidecar/keys/start-keys';
import { type PolicyWords, type RunningSidecar, type StartOptions, startSidecar } from '#test/sidecar/start-sidecar';
import { gatedBench } from '#test/treasury/bench';
import { budgetOf } from '#test/treasury/budgets';
import { ask, CHAT, type ErrorAnswer, type ErrorCase, type TestScope, withMock } from './error-case.ts';

const BLOCK_HELLO: PolicyGuardrail = {
  policy: 'remora-system/organisation',
  name: 'greetings',
  stage: 'Input',
  detect: [],
  patterns: ['hello'],
  action: 'Block',
  unlessTags: [],
};

const ORGANISATION = { policy: 'remora-system/organisation', allow: ['mock/small-*'], deny: [] };

/** One nano-dollar per input token and two per output token, as the targets of a test cost. */
const TIGHT: PolicyBudget = budgetOf('dev', 1_000n, { scope: [{ scope: 'team', value: 'data' }] });

type Start = (test: TestScope, options: StartOptions) => ReturnType<typeof startSidecar>;

async function askWithMoney(test: TestScope, target: object, start: Start = startSidecar): Promise<ErrorAnswer> {
  const words = {
    providers: { mock: { type: 'Mock' as const } },
    routes: [{ targets: [{ provider: 'mock', ...target }] }],
  };
  const { sidecar } = await withMoney(test, words, start);
  return ask(sidecar, { ...CHAT, max_tokens: 10_000 });
}

/** A sidecar under a tight budget in US dollars. */
async function withMoney(
  test: TestScope,
  words: PolicyWords,
  start: Start = startSidecar,
  budget = TIGHT,
): Promise<{ readonly sidecar: RunningSidecar }> {
  const { gate } = gatedBench(test);
  return { sidecar: await start(test, { policy: { ...words, budgets: [budget] }, deps: { budgetGate: gate } }) };
}

export const POLICY_CASES: readonly ErrorCase[] = [
  {
    code: 'model_not_allowed',
    when: 'an AIPolicy allows no target',
    provoke: async (t) => {
      const providers = { mock: { type: 'Mock' as const } };
      const routes = [{ targets: [{ provider: 'mock' }] }];
      return ask(await startSidecar(t, { policy: { providers, routes, modelRules: [ORGANISATION] } }));
    },
    cause: /AIPolicy remora-system\/organisation allows no target of the model `chat`/,
    next: /Ask for an allowed model, or have the AIPolicy changed/,
    object: 'AIPolicy remora-system/organisation',
    raises: PermissionDeniedError,
  },
  {
    code: 'key_unknown',
    when: 'the API key begins as tokens of AIKeys do and is none that is known',
    provoke: async (t) => ask(await startKeys(t, []), CHAT, { headers: bearer('ci') }),
    cause: /begins with rmk_ and is the token of no AIKey that counts here/,
    next: /Send the token that stands in the Secret of the AIKey now/,
    raises: AuthenticationError,
  },
  {
    code: 'key_expired',
    when: 'the AIKey has expired',
    provoke: async (t) => ask(await startKeys(t, [keyOf('ci', { expiresAtMs: 0 })]), CHAT, { headers: bearer('ci') }),
    cause: /AIKey default\/ci has expired at 1970-01-01T00:00:00Z/,
    next: /Use the token of another AIKey, or have spec.expiresAt moved/,
    object: 'AIKey default/ci',
    raises: AuthenticationError,
  },
  {
    code: 'key_revoked',
    when: 'the AIKey is revoked',
    provoke: async (t) => ask(await startKeys(t, [keyOf('ci', { revoked: true })]), CHAT, { headers: bearer('ci') }),
    cause: /AIKey default\/ci is revoked/,
    next: /Use the token of another AIKey, or have spec.revoked taken back/,
    object: 'AIKey default/ci',
    raises: PermissionDeniedError,
  },
  {
    code: 'ceiling_exceeded',
    when: 'the request asks for more output than one request may have',
    provoke: async (t) => {
      const providers = { mock: { type: 'Mock' as const } };
      const routes = [{ targets: [{ provider: 'mock' }], perRequest: { maxOutputTokens: 100 } }];
      return ask(await startSidecar(t, { policy: { providers, routes } }), { ...CHAT, max_tokens: 101 });
    },
    cause: /asks for up to 101 output tokens, and AIRoute default\/route-0 allows 100 in one request/,
    next: /Ask for fewer, or for fewer answers, or have the ceiling raised/,
    object: 'AIRoute default/route-0',
    raises: BadRequestError,
  },
  {
    code: 'no_compliant_target',
    when: 'no target carries the tags that an AIPolicy requires',
    provoke: async (t) => {
      const requirements = [{ policy: 'remora-system/organisation', require: [{ tags: ['eu', 'hipaa'] }] }];
      const providers = { mock: { type: 'Mock' as const, tags: ['eu'] } };
      return ask(
        await withMock(t, { policy: { providers, routes: [{ targets: [{ provider: 'mock' }] }], requirements } }),
      );
    },
    cause: /AIPolicy remora-system\/organisation requires the tags eu, hipaa, and no target that is left/,
    next: /Add such a target to the AIRoute, or have the AIPolicy changed/,
    object: 'AIPolicy remora-system/organisation',
    raises: InternalServerError,
  },
  {
    code: 'guardrail_blocked',
    when: 'a guardrail finds what it looks for',
    provoke: async (t) => {
      const providers = { mock: { type: 'Mock' as const } };
      const routes = [{ targets: [{ provider: 'mock' }] }];
      return ask(await withMock(t, { policy: { providers, routes, guardrails: [BLOCK_HELLO] } }));
    },
    cause: /blocked by AIPolicy remora-system\/organisation guardrail greetings/,
    next: /Remove what it looks for/,
    object: 'AIPolicy remora-system/organisation guardrail greetings',
    raises: BadRequestError,
    clientCode: 'content_filter',
  },
  {
    code: 'budget_exceeded',
    when: 'the request could cost more than is left',
    provoke: (t) => askWithMoney(t, {}),
    cause:
      /Budget exceeded for data\. The request may use up to \$0\.00002\d*, while \$0\.000001 of \$0\.000001 remain/,
    next: /wait until 2026-11-22T00:00:00Z, ask for fewer output tokens, or have the limit dev of the AIBudget/,
    object: 'AIBudget remora-system/environments limit dev',
    retryAfter: 12 * 3_600,
    raises: RateLimitError,
    clientCode: 'insufficient_quota',
  },
  {
    code: 'rate_limit_exceeded',
    when: 'a limit in tokens has less left than the request could use',
    provoke: async (t) => {
      const words = { providers: { mock: { type: 'Mock' as const } }, routes: [{ targets: [{ provider: 'mock' }] }] };
      const tokens = { ...TIGHT, unit: 'tokens' as const, every: 'Minute' as const };
      const { sidecar } = await withMoney(t, words, startSidecar, tokens);
      return ask(sidecar, { ...CHAT, max_tokens: 10_000 });
    },
    cause: /Budget exceeded for data\. The request may use up to \d+ tokens, while 1000 tokens of 1000 tokens remain/,
    next: /wait until 2026-11-21T12:01:00Z, ask for fewer output tokens, or have the limit dev of the AIBudget/,
    object: 'AIBudget remora-system/environments limit dev',
    retryAfter: 60,
    raises: RateLimitError,
    clientCode: 'rate_limit_exceeded',
  },
  {
    code: 'budget_stopped',
    when: 'the kill switch of an AIBudget is on',
    provoke: async (t) => {
      const providers = { mock: { type: 'Mock' as const } };
      const budgets = [{ ...TIGHT, stop: { reason: 'it runs wild' } }];
      return ask(await withMock(t, { policy: { providers, routes: [{ targets: [{ provider: 'mock' }] }], budgets } }));
    },
    cause: /^Stopped by AIBudget remora-system\/environments: it runs wild\. Nothing was sent\./,
    next: /Ask whoever stopped it, or undo it: remora kill --undo --budget remora-system\/environments$/,
    object: 'AIBudget remora-system/environments limit dev',
    raises: PermissionDeniedError,
  },
  {
    code: 'price_unknown',
    when: 'a money budget meets a target without a price',
    provoke: (t) => askWithMoney(t, { price: null }),
    cause: /The price of mock\/m is unknown, and a budget in US dollars applies/,
    next: /State the price in the AIProvider/,
    object: 'AIBudget remora-system/environments limit dev',
    raises: PermissionDeniedError,
  },
  {
    code: 'kept_refused',
    when: 'an AIProvider keeps the files of its account from workloads',
    provoke: async (t) => {
      const providers = { p: { type: 'OpenAI' as const, keptObjects: 'Refused' as const } };
      const sidecar = await startSidecar(t, { policy: { providers, routes: [{ targets: [{ provider: 'p' }] }] } });
      return ask(sidecar, '', { path: '/v1/files', method: 'GET' });
    },
    cause: /What the account of AIProvider default\/p keeps is not shared with its workloads/,
    next: /Ask for things of an account of your own, or have keptObjects of the AIProvider changed to Shared/,
    object: 'AIProvider default/p',
    raises: PermissionDeniedError,
  },
  {
    code: 'spend_unbounded',
    when: 'a batch is to begin under a budget',
    provoke: async (t) => {
      const { sidecar } = await withMoney(t, {
        providers: { p: { type: 'OpenAI' } },
        routes: [{ targets: [{ provider: 'p' }] }],
      });
      return ask(sidecar, { input_file_id: 'file-1', endpoint: '/v1/embeddings' }, { path: '/v1/batches' });
    },
    cause: /A batch spends later what nobody can bound now, and AIBudget remora-system\/environments limit dev holds/,
    next: /Send the calls one by one, or have the workload taken out of its scope/,
    object: 'AIBudget remora-system/environments limit dev',
    raises: PermissionDeniedError,
  },
  {
    code: 'price_unknown',
    when: 'a money budget meets a request that is not billed by tokens',
    provoke: async (t) => {
      const { sidecar } = await withMoney(t, {
        providers: { p: { type: 'OpenAI' } },
        routes: [{ targets: [{ provider: 'p' }] }],
      });
      return ask(sidecar, { model: 'chat', prompt: 'a cat' }, { path: '/v1/images/generations' });
    },
    cause: /What p\/m charges for such a request is not told by a price per token/,
    next: /Use a budget in tokens for it/,
    object: 'AIBudget remora-system/environments limit dev',
    raises: PermissionDeniedError,
  },
];
