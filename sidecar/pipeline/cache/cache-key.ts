/**
 * Under what an answer is kept: a digest of all that the answer may depend on. It is taken of the client's own bytes and not of what was read of
 * them, since a provider that speaks the client's API gets members that nobody here reads.
 */
import { createHash } from 'node:crypto';
import { wiresOf } from '#sidecar/providers/adapter';
import type { CompiledCache } from './route-cache.ts';
import { type CacheQuestion, sharerOf } from './why-once.ts';

/** Of a request whose answer may be given again. */
export function cacheKey({ seed, scope }: CompiledCache, question: CacheQuestion): string {
  const { caller, decoded, selection } = question;
  const { dialect, request } = decoded;
  const beside = dialect.besideAnswer ?? [];
  const hash = createHash('sha256');
  const sharers = [scope, sharerOf(scope, caller), caller.key ?? ''];
  hash.update(JSON.stringify([seed, selection.rule, ...sharers, dialect.id, request.model, forwarded(question)]));
  for (const [name, json] of decoded.content.members().toSorted(byName))
    if (!beside.includes(name)) hash.update(`\n${JSON.stringify(name)} ${json.length}\n`).update(json);
  return hash.digest('base64');
}

/** Those of one name stay in their order, since it may decide which of them is read. */
const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : Number(a > b);

/** The client's headers that mean something to a provider that may be asked. */
function forwarded({ call, decoded, selection }: CacheQuestion): readonly string[] {
  const names = selection.candidates.flatMap(
    ({ provider, model }) =>
      wiresOf(provider.adapter, model).find(({ id }) => id === decoded.dialect.id)?.forwardedHeaders ?? [],
  );
  return [...new Set(names)].sort().map((name) => `${name}: ${call.headers[name] ?? ''}`);
}
