/** A route with one ordinary target and its variants, each a provider of its own that records what it is asked. */
import { type RunningSidecar, type StartOptions, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';

export type TestContext = Parameters<typeof startSidecar>[0];
type Policy = NonNullable<StartOptions['policy']>;
type Variants = NonNullable<Policy['routes'][number]['variants']>;

export interface Stage {
  readonly ordinary: FakeProvider;
  readonly trial: FakeProvider;
  readonly running: RunningSidecar;
}

export interface StageWords {
  /** Of the variant `trial`; default: all requests, Live. */
  readonly variant?: Partial<Variants[number]>;
  readonly policy?: Partial<Policy>;
  /** Of the ordinary provider. */
  readonly tags?: string[];
  readonly options?: Omit<StartOptions, 'policy'>;
}

export async function startExperiment(t: TestContext, words: StageWords = {}): Promise<Stage> {
  const [ordinary, trial] = [
    await startFakeProvider({ dialect: 'openai' }),
    await startFakeProvider({ dialect: 'anthropic' }),
  ];
  t.after(() => ordinary.close());
  t.after(() => trial.close());
  const variant = { name: 'trial', percent: 100, target: { provider: 'trial' }, ...words.variant };
  const running = await startSidecar(t, {
    ...words.options,
    policy: {
      providers: {
        ordinary: { type: 'OpenAI', endpoint: ordinary.url, tags: words.tags ?? [] },
        trial: { type: 'Anthropic', endpoint: trial.url },
      },
      routes: [{ targets: [{ provider: 'ordinary' }], variants: [variant] }],
      ...words.policy,
    },
  });
  return { ordinary, trial, running };
}
