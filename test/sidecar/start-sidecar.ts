/** A whole sidecar on free ports for one test, with a policy written in a few words. */
import assert from 'node:assert/strict';
import type {
  Policy,
  PolicyBudget,
  PolicyGuardrail,
  PolicyProvider,
  PolicyRoute,
  PolicyRule,
  PolicyTarget,
  PolicyVariant,
} from '#contract/policy/policy';
import { sumOf } from '#contract/policy/share-demand';
import { DEFAULT_RETRY } from '#contract/resources/route-resilience';
import type { AttemptEstimate, AttemptOutcome, BudgetGate } from '#sidecar/budget/budget-gate';
import { DEFAULT_SIDECAR_CONFIG, type SidecarConfig } from '#sidecar/config/sidecar-config';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { createSidecar, type Sidecar, type SidecarDeps } from '#sidecar/sidecar';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';

export interface TargetWords extends Partial<Omit<PolicyTarget, 'timeouts'>> {
  readonly provider: string;
  readonly timeouts?: Partial<PolicyTarget['timeouts']>;
}

export interface RouteWords {
  readonly models?: readonly string[];
  readonly totalMs?: number;
  readonly onUnsupported?: PolicyRoute['onUnsupported'];
  readonly perRequest?: PolicyRoute['perRequest'];
  readonly retry?: Partial<PolicyRoute['retry']>;
  readonly hedge?: PolicyRoute['hedge'];
  readonly stream?: PolicyRoute['stream'];
  readonly concurrency?: PolicyRoute['concurrency'];
  readonly priority?: PolicyRoute['priority'];
  readonly cache?: PolicyRoute['cache'];
  readonly callback?: Partial<NonNullable<PolicyRoute['callback']>>;
  readonly targets: readonly TargetWords[];
  readonly fallbacks?: readonly TargetWords[];
  readonly when?: string;
  readonly rule?: Partial<Omit<PolicyRule, 'match' | 'targets' | 'fallbacks'>>;
  readonly variants?: readonly (Omit<PolicyVariant, 'target' | 'mode'> & {
    readonly target: TargetWords;
    readonly mode?: PolicyVariant['mode'];
  })[];
  readonly match?: Partial<PolicyRule['match']>;
  readonly latency?: PolicyRoute['latency'];
  readonly classifier?: PolicyRoute['classifier'];
}

export interface PolicyWords {
  readonly attribution?: Partial<Policy['attribution']>;
  readonly providers: Readonly<Record<string, Partial<PolicyProvider> & Pick<PolicyProvider, 'type'>>>;
  readonly routes: readonly RouteWords[];
  readonly modelRules?: Policy['modelRules'];
  readonly requirements?: Policy['requirements'];
  readonly guardrails?: readonly PolicyGuardrail[];
  readonly ceilings?: Policy['ceilings'];
  readonly priorities?: Policy['priorities'];
  readonly budgets?: readonly PolicyBudget[];
  readonly keys?: Policy['keys'];
}

const TIMEOUTS: PolicyTarget['timeouts'] = { connectMs: 2_000, firstTokenMs: 20_000, idleMs: 20_000 };

const target = ({ provider, timeouts, ...words }: TargetWords): PolicyTarget =>
  buildTarget('default', `${provider}/${words.model ?? 'm'}`, {
    price: { inputPico: '1000', cachedInputPico: '1000', outputPico: '2000' },
    ...words,
    timeouts: { ...TIMEOUTS, ...timeouts },
  });

const CALLBACK = { allow: [], signingKey: null, deadlineMs: 60_000, retentionMs: 60_000 };

const route = (words: RouteWords, index: number): PolicyRoute =>
  buildRoute(`default/route-${index}`, [], {
    models: [...(words.models ?? ['chat'])],
    totalMs: words.totalMs ?? 60_000,
    ...(words.onUnsupported !== undefined && { onUnsupported: words.onUnsupported }),
    ...(words.perRequest && { perRequest: words.perRequest }),
    retry: { ...DEFAULT_RETRY, on: [...DEFAULT_RETRY.on], ...words.retry },
    ...(words.latency !== undefined && { latency: words.latency }),
    ...(words.hedge && { hedge: words.hedge }),
    ...(words.stream && { stream: words.stream }),
    ...(words.concurrency && { concurrency: words.concurrency }),
    ...(words.cache && { cache: words.cache }),
    ...(words.priority && { priority: words.priority }),
    ...(words.classifier && { classifier: words.classifier }),
    ...(words.callback && { callback: { ...CALLBACK, ...words.callback } }),
    rules: [
      {
        ...words.rule,
        match: { models: [], headers: [], ...words.match },
        ...(words.when !== undefined && { when: words.when }),
        targets: words.targets.map(target),
        fallbacks: (words.fallbacks ?? []).map(target),
        ...(words.variants && {
          variants: words.variants.map((variant) => ({ mode: 'Live', ...variant, target: target(variant.target) })),
        }),
      },
    ],
  });

export const policyOf = (words: PolicyWords): Policy =>
  buildPolicy({
    attribution: {
      namespace: 'default',
      serviceAccount: 'app',
      team: 'data',
      environment: 'dev',
      ...words.attribution,
    },
    providers: Object.entries(words.providers).map(([name, parts]) => buildProvider(`default/${name}`, parts)),
    routes: words.routes.map(route),
    modelRules: words.modelRules ?? [],
    requirements: words.requirements ?? [],
    guardrails: [...(words.guardrails ?? [])],
    ceilings: words.ceilings ?? [],
    priorities: words.priorities ?? [],
    budgets: [...(words.budgets ?? [])],
    keys: words.keys ?? [],
  });

/** Lets everything pass and remembers what it was asked: for tests that are about the path and not about money. */
export class OpenGate implements BudgetGate {
  readonly reserved: AttemptEstimate[] = [];
  readonly settled: AttemptOutcome[] = [];

  async reserve(attempt: AttemptEstimate) {
    this.reserved.push(attempt);
    return {
      settle: (outcome: AttemptOutcome) => {
        this.settled.push(outcome);
        return { costNanoUsd: 1_500n, estimated: outcome.billing === 'unknown' };
      },
    };
  }
}

export interface RunningSidecar {
  readonly sidecar: Sidecar;
  readonly url: string;
  readonly port: number;
  readonly healthUrl: string;
  readonly records: RequestRecord[];
  readonly gate: OpenGate;
  /** Faults of our own; a test that expects none should find none. */
  readonly faults: unknown[];
}

export interface StartOptions {
  /** Default: none is applied. */
  readonly policy?: PolicyWords | undefined;
  readonly credentials?: Readonly<Record<string, string>>;
  readonly config?: Partial<SidecarConfig>;
  readonly deps?: Partial<SidecarDeps>;
}

/** `after` is the test's own, so that nothing is left running. */
export async function startSidecar(
  test: { after(release: () => Promise<void>): void },
  options: StartOptions = {},
): Promise<RunningSidecar> {
  const records: RequestRecord[] = [];
  const faults: unknown[] = [];
  const gate = new OpenGate();
  let number = 0;
  const config: SidecarConfig = {
    ...DEFAULT_SIDECAR_CONFIG,
    ingress: { host: '127.0.0.1', port: 0 },
    health: { host: '127.0.0.1', port: 0 },
    ...options.config,
  };
  const sidecar = createSidecar(config, {
    budgetGate: gate,
    compileGuardrails,
    telemetry: { record: (record) => void records.push(record) },
    now: Date.now,
    random: Math.random,
    newRequestId: () => `request-${++number}`,
    onFault: (fault) => void faults.push(fault),
    ...options.deps,
  });
  const { ingress, health } = await sidecar.listen();
  test.after(async () => {
    await sidecar.close({ deadlineMs: 0 });
    const left = sidecar.shared.demands().filter(({ running, waiting }) => sumOf(running) + sumOf(waiting) > 0);
    assert.deepEqual(left, [], 'whatever happened, each attempt gave its place back');
  });
  if (options.policy !== undefined) {
    const result = sidecar.sink.applyPolicy(policyOf(options.policy), 'hash-1');
    if (!result.applied) throw new Error(result.reason);
  }
  sidecar.sink.applyCredentials(new Map(Object.entries(options.credentials ?? {})));
  return {
    sidecar,
    url: `http://127.0.0.1:${ingress.port}`,
    port: ingress.port,
    healthUrl: `http://127.0.0.1:${health.port}`,
    records,
    gate,
    faults,
  };
}

/** Waits for something that another part of the process brings about; a long guard instead of a measured time. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const guard = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > guard) throw new Error(`gave up waiting until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
