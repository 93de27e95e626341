/** Tokens of AIKeys where nobody makes them: taken from where a provider's key is taken from, and kept as digests. */
import { objectText } from '#contract/compile/object-key';
import type { SecretRef } from '#contract/compile/secret-refs';
import { TOKEN, TOKEN_SECRET_KEY } from '#contract/names/key-token';
import { sha256 } from '#contract/policy/sha256';
import { type AIKey, secretNameOf } from '#contract/resources/ai-key';
import type { FileSecret } from './file-secret.ts';

/** How to make one. */
export const A_TOKEN = "\"rmk_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)\"";

export const tokenRefOf = (key: AIKey): SecretRef => ({
  namespace: key.metadata.namespace,
  name: secretNameOf(key),
  key: TOKEN_SECRET_KEY,
});

const tokenOf = (key: AIKey, secrets: readonly FileSecret[]): string | undefined => {
  const { namespace, name } = tokenRefOf(key);
  return secrets.find((secret) => secret.namespace === namespace && secret.name === name)?.values.get(TOKEN_SECRET_KEY);
};

/** The AIKey as the operator would have it: with the digest of its token, whatever its file says of that. */
export function withDigest(key: AIKey, secrets: readonly FileSecret[]): AIKey {
  const token = tokenOf(key, secrets);
  const { status: _, ...rest } = key;
  return token === undefined || !TOKEN.test(token) ? rest : { ...rest, status: { tokenDigest: sha256(token) } };
}

/** A sentence on a token that can be none; the value is not in it. */
export function tokenFault(key: AIKey, secrets: readonly FileSecret[]): string | undefined {
  const token = tokenOf(key, secrets);
  if (token === undefined || TOKEN.test(token)) return undefined;
  return `${objectText(key)}: what Secret ${secretNameOf(key)} holds under ${TOKEN_SECRET_KEY} is no token: rmk_ and 43 letters, digits, "-" and "_"; make one: ${A_TOKEN}`;
}
