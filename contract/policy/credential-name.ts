/** How a policy names what is secret, such as the credential of a provider, and how the one who holds the Secrets finds it again. */
import type { Policy } from './policy.ts';

export interface CredentialRef {
  readonly namespace: string;
  readonly secret: string;
  readonly key: string;
}

/** `namespace/secret/key`. None of the three may hold a slash in Kubernetes, so the name splits in one way only. */
export const credentialName = (ref: CredentialRef): string => `${ref.namespace}/${ref.secret}/${ref.key}`;

/** All that a policy names, each once: what its providers are called with, and what its callbacks are signed with. */
export const credentialNames = ({ providers, routes }: Pick<Policy, 'providers' | 'routes'>): ReadonlySet<string> =>
  new Set(
    [...providers.map(({ credential }) => credential), ...routes.map(({ callback }) => callback?.signingKey)].filter(
      (name) => typeof name === 'string',
    ),
  );

/** undefined when the text is not such a name. */
export function parseCredentialName(name: string): CredentialRef | undefined {
  const [namespace, secret, key, ...rest] = name.split('/');
  return namespace && secret && key && rest.length === 0 ? { namespace, secret, key } : undefined;
}
