/** A sidecar that knows some AIKeys, and the tokens by which apps come with them. */
import { TOKEN_PREFIX } from '#contract/names/key-token';
import type { PolicyKey } from '#contract/policy/policy-key';
import { sha256 } from '#contract/policy/sha256';
import { type PolicyWords, type RunningSidecar, type StartOptions, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';

export type TestScope = Parameters<typeof startSidecar>[0];

/** Another one for each name, and the same for the same. */
export const tokenOf = (name: string): string =>
  `${TOKEN_PREFIX}${Buffer.from(sha256(name), 'hex').toString('base64url')}`;

/** An AIKey `default/NAME` whose token is `tokenOf(NAME)`. */
export const keyOf = (name: string, parts: Partial<PolicyKey> = {}): PolicyKey => ({
  key: `default/${name}`,
  digest: sha256(tokenOf(name)),
  models: [],
  require: [],
  ...parts,
});

/** As an OpenAI client sends the token of the key. */
export const bearer = (name: string): Record<string, string> => ({ authorization: `Bearer ${tokenOf(name)}` });

export interface KeysStage extends RunningSidecar {
  readonly provider: FakeProvider;
}

/** Models `chat` and `other`, both of an AIProvider `p` that carries the tag `eu`. */
export async function startKeys(
  test: TestScope,
  keys: readonly PolicyKey[],
  { policy, ...options }: Omit<StartOptions, 'policy'> & { readonly policy?: Partial<PolicyWords> } = {},
): Promise<KeysStage> {
  const provider = await startFakeProvider({ dialect: 'openai' });
  test.after(() => provider.close());
  const words: PolicyWords = {
    providers: { p: { type: 'OpenAI', endpoint: provider.url, tags: ['eu'] } },
    routes: [{ targets: [{ provider: 'p' }] }, { models: ['other'], targets: [{ provider: 'p', model: 'n' }] }],
    keys: [...keys],
    ...policy,
  };
  return { ...(await startSidecar(test, { ...options, policy: words })), provider };
}
