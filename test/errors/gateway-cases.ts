/** What the gateway itself cannot do at the moment. */
import { connect } from 'node:net';
import { InternalServerError } from 'openai';
import { createBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { GrantClient } from '#sidecar/sync/grant-client';
import { chatBytes } from '#test/sidecar/raw-http';
import {
  type RouteWords,
  type RunningSidecar,
  type StartOptions,
  startSidecar,
  until,
} from '#test/sidecar/start-sidecar';
import { bench } from '#test/treasury/bench';
import { budgetOf, NOON } from '#test/treasury/budgets';
import { TestClock } from '#test/treasury/clock';
import { MemoryDisk } from '#test/treasury/memory-journal';
import {
  ask,
  CHAT,
  type ErrorAnswer,
  type ErrorCase,
  MESSAGES,
  type TestScope,
  withMock,
  withProvider,
} from './error-case.ts';

const BUDGET = budgetOf('dev', 1_000_000_000n);
const POLICY = {
  providers: { mock: { type: 'Mock' as const } },
  routes: [{ targets: [{ provider: 'mock' }] }],
  budgets: [BUDGET],
};

/** A sidecar that never reached its operator. */
async function askWithoutOperator(test: TestScope): Promise<ErrorAnswer> {
  const clock = new TestClock(NOON);
  const grants = new GrantClient(clock);
  const gate = createBudgetGate({
    authority: {
      ask: (...all) => grants.ask(...all),
      giveBack: (...all) => grants.giveBack(...all),
      report: () => undefined,
    },
    journal: new Journal(new MemoryDisk().mount()),
    instance: 'pod',
    now: clock.now,
    timers: clock,
  });
  test.after(() => gate.close());
  clock.advance(10_000);
  return ask(await startSidecar(test, { policy: POLICY, deps: { budgetGate: gate } }));
}

/** A sidecar whose journal has no room. */
async function askWithFullDisk(test: TestScope): Promise<ErrorAnswer> {
  const { gateOf, treasury, disk } = bench();
  disk.full = true;
  const gate = gateOf('pod');
  test.after(async () => {
    await gate.close();
    await treasury.close();
  });
  return ask(await startSidecar(test, { policy: POLICY, deps: { budgetGate: gate } }));
}

/** Another request holds nearly all bytes that may be held. */
async function askWhileFull(test: TestScope): Promise<ErrorAnswer> {
  const running = await startSidecar(test, {
    policy: { ...POLICY, budgets: [], routes: [{ targets: [{ provider: 'mock', model: 'stall' }] }] },
    config: { limits: { bodyBytes: 10_000, retainedBytes: 10_000, connections: 10, requests: 10 } },
  });
  const big = { ...CHAT, user: 'u'.repeat(6_000) };
  const holder = connect(running.port, '127.0.0.1');
  holder.on('error', () => undefined);
  test.after(async () => void holder.destroy());
  holder.write(chatBytes(JSON.stringify(big)));
  await until(() => running.gate.reserved.length === 1, 'the other request is under way');
  return ask(running, big);
}

/** Another request is under way. */
async function askBeside(
  test: TestScope,
  { config, concurrency }: Pick<StartOptions, 'config'> & Pick<RouteWords, 'concurrency'>,
): Promise<ErrorAnswer> {
  const running = await startSidecar(test, {
    ...(config && { config }),
    policy: {
      providers: POLICY.providers,
      routes: [{ targets: [{ provider: 'mock', model: 'stall' }], ...(concurrency && { concurrency }) }],
    },
  });
  const other = connect(running.port, '127.0.0.1');
  other.on('error', () => undefined);
  test.after(async () => void other.destroy());
  other.write(chatBytes(JSON.stringify(CHAT)));
  await until(() => running.gate.reserved.length === 1, 'the other request is under way');
  return ask(running);
}

async function askWhileClosing(test: TestScope): Promise<ErrorAnswer> {
  const { provider, sidecar } = await withProvider(test);
  provider.respondWith({ fault: { kind: 'hang' } });
  const running: RunningSidecar = await sidecar();
  const answer = ask(running);
  await until(() => provider.requests.length === 1, 'the call is upstream');
  await running.sidecar.close({ deadlineMs: 0 });
  return answer;
}

export const GATEWAY_CASES: readonly ErrorCase[] = [
  {
    code: 'budget_unavailable',
    when: 'the operator is away',
    provoke: askWithoutOperator,
    cause: /granted budget is used up and the treasury cannot be reached/,
    next: /Retry later; check the operator/,
    object: 'AIBudget remora-system/environments limit dev',
    retryAfter: 1,
    raises: InternalServerError,
  },
  {
    code: 'ledger_unavailable',
    when: 'the journal cannot be written',
    provoke: askWithFullDisk,
    cause: /journal of the sidecar cannot be written/,
    next: /Free space on the volume/,
    object: 'AIBudget remora-system/environments limit dev',
    retryAfter: 1,
    raises: InternalServerError,
  },
  {
    code: 'policy_not_ready',
    when: 'no policy was applied yet',
    provoke: async (t) => ask(await startSidecar(t)),
    cause: /has no policy yet/,
    next: /Retry in a second; if it lasts, check the operator/,
    retryAfter: 1,
    raises: InternalServerError,
  },
  {
    code: 'no_target',
    when: 'the Secret of the only target is missing',
    provoke: async (t) => {
      const providers = { p: { type: 'OpenAI' as const, endpoint: 'http://127.0.0.1:1', credential: 'default/p/key' } };
      return ask(await startSidecar(t, { policy: { providers, routes: [{ targets: [{ provider: 'p' }] }] } }));
    },
    cause: /No target of AIRoute default\/route-0 has a usable credential here/,
    next: /Check that the Secrets of AIProvider default\/p hold their keys/,
    object: 'AIRoute default/route-0',
    raises: InternalServerError,
  },
  {
    code: 'no_target',
    when: 'no pod behind the Service of the only target is ready',
    provoke: async (t) => {
      const endpoint = 'http://vllm.models.svc:8000/v1';
      const providers = { p: { type: 'OpenAICompatible' as const, endpoint, endpoints: [], service: 'models/vllm' } };
      return ask(await startSidecar(t, { policy: { providers, routes: [{ targets: [{ provider: 'p' }] }] } }));
    },
    cause: /No target of AIRoute default\/route-0 can be asked: Service models\/vllm has no ready endpoint/,
    next: /Retry when its pods are ready, or give the AIRoute a fallback/,
    object: 'AIRoute default/route-0',
    raises: InternalServerError,
  },
  {
    code: 'no_target',
    when: 'every weight is 0',
    provoke: async (t) => {
      const providers = { mock: { type: 'Mock' as const } };
      const routes = [{ targets: [{ provider: 'mock', weight: 0 }] }];
      return ask(await startSidecar(t, { policy: { providers, routes } }));
    },
    cause: /AIRoute default\/route-0 has no target that may be used/,
    next: /Check its targets and weights/,
    object: 'AIRoute default/route-0',
    raises: InternalServerError,
  },
  {
    code: 'overloaded',
    when: 'other requests hold the bytes that may be held',
    provoke: askWhileFull,
    cause: /holds as many bytes of requests and results as it may/,
    next: /Retry after a second/,
    retryAfter: 1,
    raises: InternalServerError,
  },
  {
    code: 'overloaded',
    when: 'as many requests are under way as may be',
    provoke: (t) => askBeside(t, { config: { limits: { ...DEFAULT_SIDECAR_CONFIG.limits, requests: 1 } } }),
    cause: /has as many requests under way as it may/,
    next: /Retry after a second/,
    retryAfter: 1,
    raises: InternalServerError,
  },
  {
    code: 'overloaded',
    when: 'the AIRoute has as many under way and waiting as it allows',
    provoke: (t) => askBeside(t, { concurrency: { perPod: { max: 1, queue: 0, deadlineMs: 1_000 } } }),
    cause: /AIRoute default\/route-0 is full here: 1 of 1 requests are under way and 0 of 0 wait/,
    next: /Retry after a second/,
    object: 'AIRoute default/route-0',
    retryAfter: 1,
    raises: InternalServerError,
  },
  {
    code: 'draining',
    when: 'the sidecar stops before the provider has answered',
    provoke: askWhileClosing,
    cause: /shutting down/,
    next: /Retry on a new connection/,
    retry: false,
    raises: InternalServerError,
  },
  {
    code: 'internal',
    when: 'something of ours throws what it should not',
    provoke: async (t) => {
      const random = (): number => {
        throw new TypeError(`a fault that quotes ${JSON.stringify(MESSAGES)}`);
      };
      const routes = [{ targets: [{ provider: 'mock', weight: 1 }] }];
      return ask(await withMock(t, { policy: { providers: POLICY.providers, routes }, deps: { random } }));
    },
    cause: /The gateway failed while it handled the request/,
    next: /Report it with the request id/,
    raises: InternalServerError,
  },
];
