/** A whole sidecar with the real gate and journal over a treasury of its own, and a fake provider behind it. */
import { usageRow } from '#contract/history/usage-row';
import type { PolicyProvider } from '#contract/policy/policy';
import { type FakeDialect, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { gatedBench } from '#test/treasury/bench';
import { type PolicyWords, type StartOptions, startSidecar } from './start-sidecar.ts';

export interface GatedPolicy extends Partial<Omit<PolicyWords, 'providers'>> {
  /** Each of type OpenAI and at the fake provider unless it says otherwise. Default: `p`. */
  readonly providers?: Readonly<Record<string, Partial<PolicyProvider>>>;
}

export interface GatedWords extends Omit<StartOptions, 'policy'> {
  /** Default: openai. */
  readonly dialect?: FakeDialect;
  /** What the fake provider answers from the beginning. */
  readonly answer?: Script;
  /** Default: one route, `chat`, to `p`. */
  readonly policy?: GatedPolicy;
  /** What stands between gate and treasury. */
  readonly wrap?: Parameters<typeof gatedBench>[1];
}

/** The policy in full, where the fake provider is at that address. */
export const gatedPolicy = (endpoint: string, { providers = { p: {} }, ...policy }: GatedPolicy = {}): PolicyWords => ({
  providers: Object.fromEntries(
    Object.entries(providers).map(([name, parts]) => [name, { type: 'OpenAI', endpoint, ...parts } as const]),
  ),
  routes: [{ targets: [{ provider: 'p' }] }],
  ...policy,
});

export async function startGated(test: Parameters<typeof startSidecar>[0], words: GatedWords = {}) {
  const { dialect = 'openai', answer = {}, policy, wrap, deps, ...options } = words;
  const money = gatedBench(test, wrap);
  const provider = await startFakeProvider({ dialect });
  test.after(() => provider.close());
  provider.respondWith(answer);
  const running = await startSidecar(test, {
    ...options,
    policy: gatedPolicy(provider.url, policy),
    deps: { budgetGate: money.gate, ...deps },
  });
  const rows = () => money.gate.records(100).map((row) => usageRow.parse(row));
  return { ...money, provider, running, rows };
}
