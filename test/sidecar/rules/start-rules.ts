/** Two providers of one API, of which one carries tags, and a sidecar with a policy over them. */
import type { Policy } from '#contract/policy/policy';
import { type PolicyWords, type RunningSidecar, type StartOptions, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';

export type TestScope = Parameters<typeof startSidecar>[0];
export type Require = Policy['requirements'][number]['require'];

export const ORGANISATION = 'remora-system/organisation';

export const requires = (...require: Require): Policy['requirements'] => [{ policy: ORGANISATION, require }];

export interface Rules extends RunningSidecar {
  /** Carries `eu` and `azure`. */
  readonly tagged: FakeProvider;
  readonly plain: FakeProvider;
}

/** Where the words state no routes: `chat` goes to the plain provider, then to the tagged one. */
export async function startRules(
  t: TestScope,
  words: Partial<PolicyWords> = {},
  options: Omit<StartOptions, 'policy'> = {},
): Promise<Rules> {
  const plain = await startFakeProvider({ dialect: 'openai' });
  const tagged = await startFakeProvider({ dialect: 'openai' });
  t.after(() => plain.close());
  t.after(() => tagged.close());
  const running = await startSidecar(t, {
    ...options,
    policy: {
      routes: [{ targets: [{ provider: 'plain' }, { provider: 'tagged' }] }],
      ...words,
      providers: {
        plain: { type: 'OpenAI', endpoint: plain.url },
        tagged: { type: 'OpenAI', endpoint: tagged.url, tags: ['azure', 'eu'] },
        ...words.providers,
      },
    },
  });
  return { ...running, plain, tagged };
}

export const chatBody = (content: unknown, rest: object = {}): string =>
  JSON.stringify({ model: 'chat', messages: [{ role: 'user', content }], ...rest });
