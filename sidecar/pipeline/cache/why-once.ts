/** Which requests are answered once, whatever is in the cache of their route, and why. */
import type { PlannedQuestion } from '#sidecar/pipeline/attempt';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import { happensOnce } from '#sidecar/pipeline/happens-once';
import { type Caller, LONGEST_CLAIM } from '#sidecar/pipeline/identify';
import { isLarge } from '#sidecar/pipeline/large';
import type { CacheSkip } from '#sidecar/telemetry/request-record';
import type { CompiledCache } from './route-cache.ts';

export type CacheQuestion = Pick<PlannedQuestion, 'call' | 'caller' | 'decoded' | 'selection'>;

/** undefined: its answer may be given again. */
export function whyOnce({ scope }: Pick<CompiledCache, 'scope'>, question: CacheQuestion): CacheSkip | undefined {
  const { call, caller, decoded, selection } = question;
  if (decoded.dialect.besideAnswer === undefined) return 'Operation';
  if (selection.route.rules[selection.rule]?.experiment !== undefined) return 'Variants';
  if (sharerOf(scope, caller) === undefined) return scope === 'User' ? 'NoUser' : 'NoSession';
  if (isLarge(decoded.content.bytes)) return 'Large';
  return happensOnce(call, decoded.request) ? 'DoesMore' : whyPartOfMore(decoded);
}

/** Who shares the answers of the caller; undefined: nobody can tell. */
export function sharerOf(scope: CompiledCache['scope'], { user, session }: Caller): string | undefined {
  switch (scope) {
    case 'User':
      return uncut(user);
    case 'Session':
      return uncut(session);
    case 'Workload':
      return '';
  }
}

/** Of a name that may have been cut nobody knows whose it is. */
const uncut = (name: string | undefined): string | undefined =>
  name !== undefined && name.length < LONGEST_CLAIM ? name : undefined;

/** It names what an account keeps, or is to be kept there; several answers would be the same ones again. */
function whyPartOfMore({ dialect, content, request }: DecodedRequest): CacheSkip | undefined {
  const named = dialect.keeping?.(request)?.names ?? [];
  if (named.length > 0 || content.body.store === true) return 'Kept';
  return 'choiceCount' in request && (request.choiceCount ?? 1) > 1 ? 'SeveralAnswers' : undefined;
}
