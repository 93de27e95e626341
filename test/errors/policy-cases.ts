/** Refusals by a policy, money with the real gate over a real treasury. */
import { BadRequestError, PermissionDeniedError, RateLimitError } from 'openai';
import type { PolicyBudget, PolicyGuardrail } from '#contract/policy/policy';
import { type StartOptions, startSidecar } from '#test/sidecar/start-sidecar';
import { bench } from '#test/treasury/bench';
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

async function askWithMoney(
  test: TestScope,
  target: object,
  start: (test: TestScope, options: StartOptions) => ReturnType<typeof startSidecar> = startSidecar,
): Promise<ErrorAnswer> {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  test.after(async () => {
    await gate.close();
    await treasury.close();
  });
  const running = await start(test, {
    policy: {
      providers: { mock: { type: 'Mock' } },
      routes: [{ targets: [{ provider: 'mock', ...target }] }],
      budgets: [TIGHT],
    },
    deps: { budgetGate: gate },
  });
  return ask(running, { ...CHAT, max_tokens: 10_000 });
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
    code: 'price_unknown',
    when: 'a money budget meets a target without a price',
    provoke: (t) => askWithMoney(t, { price: null }),
    cause: /The price of mock\/m is unknown, and a budget in US dollars applies/,
    next: /State the price in the AIProvider/,
    object: 'AIBudget remora-system/environments limit dev',
    raises: PermissionDeniedError,
  },
];
