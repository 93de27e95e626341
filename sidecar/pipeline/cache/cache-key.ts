/**
 * Under what an answer is kept: a digest of all that the answer may depend on. It is taken of the client's own bytes and not of what was read of
 * them, since a provider that speaks the client's API gets members that nobody here reads.
 */
import { createHash } from 'node:crypto';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { PlannedQuestion } from '#sidecar/pipeline/attempt';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import { happensOnce } from '#sidecar/pipeline/happens-once';
import type { Caller } from '#sidecar/pipeline/identify';
import { isLarge } from '#sidecar/pipeline/large';
import { wiresOf } from '#sidecar/providers/adapter';
import type { CompiledCache } from './route-cache.ts';

type KeyQuestion = Pick<PlannedQuestion, 'call' | 'caller' | 'decoded' | 'selection'>;

/** undefined: the answer is given once, or nobody says to whom it may be given again. */
export function cacheKey({ seed, scope }: CompiledCache, question: KeyQuestion): string | undefined {
  const { call, decoded, selection } = question;
  const { dialect, request } = decoded;
  const beside = dialect.besideAnswer;
  const sharer = sharerOf(scope, question.caller);
  const isMeasured = selection.route.rules[selection.rule]?.experiment !== undefined;
  if (beside === undefined || sharer === undefined || isMeasured) return undefined;
  if (isLarge(decoded.content.bytes) || happensOnce(call, request) || isPartOfMore(decoded)) return undefined;
  const hash = createHash('sha256');
  const about = [seed, selection.rule, scope, sharer, dialect.id, request.model, forwarded(question)];
  hash.update(JSON.stringify(about));
  for (const [name, json] of decoded.content.members().toSorted(byName))
    if (!beside.includes(name)) hash.update(`\n${JSON.stringify(name)} ${json.length}\n`).update(json);
  return hash.digest('base64');
}

/** Those of one name stay in their order, since it may decide which of them is read. */
const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : Number(a > b);

function sharerOf(scope: CompiledCache['scope'], { user, session }: Caller): string | undefined {
  switch (scope) {
    case 'User':
      return user;
    case 'Session':
      return session;
    case 'Workload':
      return '';
  }
}

/** It names what an account keeps, is to be kept there, or asks for several answers, which would be the same ones again. */
function isPartOfMore({ dialect, content, request }: DecodedRequest): boolean {
  const named = dialect.keeping?.(request)?.names ?? [];
  return named.length > 0 || content.body.store === true || choicesOf(request) > 1;
}

const choicesOf = (request: CanonicalRequest): number =>
  ('choiceCount' in request ? request.choiceCount : undefined) ?? 1;

/** The client's headers that mean something to a provider that may be asked. */
function forwarded({ call, decoded, selection }: KeyQuestion): readonly string[] {
  const names = selection.candidates.flatMap(
    ({ provider, model }) =>
      wiresOf(provider.adapter, model).find(({ id }) => id === decoded.dialect.id)?.forwardedHeaders ?? [],
  );
  return [...new Set(names)].sort().map((name) => `${name}: ${call.headers[name] ?? ''}`);
}
