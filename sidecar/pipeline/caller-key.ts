/** The AIKey that a request came with, and what it refuses. */
import { RemoraError } from '#sidecar/errors/remora-error';
import { type CompiledKey, mayAsk } from './policy/compiled-key.ts';
import type { Snapshot } from './policy/snapshot.ts';
import { quoted } from './quoted.ts';

/** `digest`: of the token; undefined where it came without one. Throws `key_unknown`, `key_revoked` or `key_expired`. */
export function keyOf(
  digest: string | undefined,
  { keys }: Pick<Snapshot, 'keys'>,
  nowMs: number,
): CompiledKey | undefined {
  if (digest === undefined) return undefined;
  const key = keys.get(digest);
  if (key === undefined)
    throw new RemoraError({
      code: 'key_unknown',
      message:
        'The API key begins with rmk_ and is the token of no AIKey that counts here. Send the token that stands in the Secret of the AIKey now, or any other word to come without one.',
    });
  if (key.isRevoked)
    throw new RemoraError({
      code: 'key_revoked',
      message: `${key.object} is revoked. Use the token of another AIKey, or have spec.revoked taken back.`,
      object: key.object,
    });
  if (key.expiresAtMs !== undefined && nowMs >= key.expiresAtMs)
    throw new RemoraError({
      code: 'key_expired',
      message: `${key.object} has expired at ${new Date(key.expiresAtMs).toISOString().replace('.000Z', 'Z')}. Use the token of another AIKey, or have spec.expiresAt moved.`,
      object: key.object,
    });
  return key;
}

/** Throws `model_not_allowed`. */
export function checkKeyModel(key: CompiledKey | undefined, model: string): void {
  if (key !== undefined && !mayAsk(key, model))
    throw new RemoraError({
      code: 'model_not_allowed',
      message: `${key.object} does not allow the model ${quoted(model)}. Ask for a model that GET /v1/models lists for it, or have its spec.models changed.`,
      object: key.object,
      param: 'model',
    });
}

/** What is asked for later goes by no AIRoute, and so by no name that the key knows. Throws `model_not_allowed`. */
export function checkKeyOfLaterCalls(key: CompiledKey | undefined): void {
  if (key === undefined || key.models.length === 0) return;
  throw new RemoraError({
    code: 'model_not_allowed',
    message: `${key.object} allows certain models only, and what a batch asks for later goes by no AIRoute. Send the calls one by one, or without the token.`,
    object: key.object,
  });
}
