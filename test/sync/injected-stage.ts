/** An injected sidecar as a process of its own, an operator that pushes to it, and the provider that its policy names. */
import type { TestContext } from 'node:test';
import { policyHash } from '#contract/policy/hash';
import type { Policy, PolicyBudget, PolicyRoute } from '#contract/policy/policy';
import { buildRoute, buildTarget } from '#test/support/build-policy';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { policyOf, published, type TestOperator, until, WORKLOAD, World } from './harness.ts';
import { injectedEnv, type SidecarProcess, spawnSidecar } from './sidecar-process.ts';

export const KEY = 'sk-planted-canary';

export function policyFor(
  provider: FakeProvider,
  budgets: readonly PolicyBudget[] = [],
  route: Partial<PolicyRoute> = {},
): Policy {
  const base = policyOf(['openai'], budgets);
  const target = buildTarget('shop', 'openai/gpt-4o', {
    price: { inputPico: '2500000', cachedInputPico: '1250000', outputPico: '10000000' },
  });
  return {
    ...base,
    providers: base.providers.map((openai) => ({ ...openai, endpoint: provider.url })),
    routes: [buildRoute('shop/chat', [target], route)],
  };
}

export interface Stage {
  readonly world: World;
  readonly operator: TestOperator;
  readonly provider: FakeProvider;
  /** `more`: beside what injection writes. `within`: a command that becomes the sidecar. */
  spawn(more?: Readonly<Record<string, string>>, within?: readonly string[]): SidecarProcess;
}

export async function stage(t: TestContext): Promise<Stage> {
  const world = await World.open();
  t.after(() => world.close());
  const provider = await startFakeProvider({ dialect: 'openai', acceptKey: KEY });
  world.onClose(() => provider.close());
  const operator = await world.operator();
  const pod = { namespace: 'shop', podName: 'pod-1', podUid: 'pod-1', token: 'token-pod-1' };
  const env = injectedEnv({ ...pod, dir: world.dir, operatorPort: operator.port, caPem: world.authority.caPem });
  const spawn: Stage['spawn'] = (more = {}, within = []) => {
    const sidecar = spawnSidecar({ ...env, ...more }, within);
    world.onClose(async () => {
      sidecar.kill('SIGKILL');
      await sidecar.ended;
    });
    return sidecar;
  };
  return { world, operator, provider, spawn };
}

export async function serving(sidecar: SidecarProcess): Promise<string> {
  await until(`serving; ${sidecar.stderr()}`, () => sidecar.ingress() !== undefined);
  return sidecar.ingress() ?? '';
}

/** A sidecar that serves and has acknowledged the policy. */
export async function runPolicy(
  { operator, spawn }: Stage,
  policy: Policy,
  env?: Readonly<Record<string, string>>,
  within?: readonly string[],
): Promise<{ sidecar: SidecarProcess; url: string }> {
  operator.server.publish(WORKLOAD, published(policy, { 'shop/openai/api-key': KEY }));
  const sidecar = spawn(env, within);
  const url = await serving(sidecar);
  await until('acknowledged', () => operator.states.get('pod-1')?.ackedHash === policyHash(policy));
  return { sidecar, url };
}
