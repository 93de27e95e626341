/** What the cache of its route does for one request: gives it an answer that was given before, or keeps the one that it gets. */
import type { AttemptQuestion } from '#sidecar/pipeline/attempt';
import type { Answer } from '#sidecar/pipeline/attempts/answer';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { limitsOf } from '#sidecar/pipeline/attempts/limits-of';
import { callerHeader } from '#sidecar/pipeline/request-recorder';
import { attemptLabels } from '#sidecar/pipeline/row-labels';
import type { CacheSkip, RequestRecord } from '#sidecar/telemetry/request-record';
import type { KeptAnswer } from './answer-cache.ts';
import { cacheKey } from './cache-key.ts';
import { cachedAnswer } from './cached-answer.ts';
import { type Collected, collect } from './collected-answer.ts';
import type { CompiledCache } from './route-cache.ts';
import { type CacheQuestion, whyOnce } from './why-once.ts';

export interface CacheVisit {
  /** Given in place of asking anybody. */
  readonly hit?: Answer;
  /** The answer with somebody who listens. */
  collect(answer: Answer): Answer;
  /** Called when the client has all of the answer. */
  keep(): void;
  /** Called when it is over, however it ended. */
  leave(): void;
}

/** What is in a cache for a request. */
export interface Looked {
  readonly result: NonNullable<RequestRecord['cache']>;
  /** Why it is skipped. */
  readonly because?: CacheSkip;
  /** Where its answer is kept; absent: nowhere. */
  readonly key?: string;
  readonly hit?: { readonly answer: Answer; readonly candidate: Candidate };
}

/** undefined: the route has no cache. */
export function lookInCache(
  question: CacheQuestion,
  find: (key: string) => KeptAnswer | undefined,
): Looked | undefined {
  const { cache } = question.selection.route;
  if (cache === undefined) return undefined;
  // As RFC 9111, 5.2.1 has them: neither is answered from here, and what `no-store` gets is for nobody else.
  const wish = callerHeader(question.call, 'cache');
  const because = wish === 'no-store' ? 'Asked' : whyOnce(cache, question);
  if (because !== undefined) return { result: 'skip', because };
  const key = cacheKey(cache, question);
  if (wish !== undefined) return { result: 'skip', because: 'Asked', key };
  const kept = find(key);
  const hit = kept && hitOf(kept, question);
  return hit === undefined ? { result: 'miss', key } : { result: 'hit', key, hit };
}

/** undefined: whoever gave it may not be asked any more, or it has not the form that is asked for. */
function hitOf(kept: KeptAnswer, question: CacheQuestion): Looked['hit'] {
  const { selection, decoded } = question;
  const candidate = selection.candidates.find(
    ({ target, provider }) => target.policy.name === kept.target && provider.policy.key === kept.provider,
  );
  // What a kill switch stops is refused, whatever it would cost.
  if (candidate === undefined || limitsOf(candidate, question).some(({ stop }) => stop !== undefined)) return undefined;
  const { dialect, request } = decoded;
  const answer = cachedAnswer(kept, candidate, request.stream && dialect.streamEncoder !== undefined);
  return answer && { answer, candidate };
}

/** undefined: the route has no cache, or the answer is for this request alone. */
export function visitCache(question: AttemptQuestion): CacheVisit | undefined {
  const { log, deps, selection } = question;
  const looked = lookInCache(question, (key) => deps.cache.find(key));
  if (looked === undefined) return undefined;
  const { result, because, key, hit } = looked;
  log.cache = result;
  log.cacheSkip = because;
  if (hit !== undefined) {
    log.hit = attemptLabels(hit.candidate, question);
    return { hit: hit.answer, collect: (answer) => answer, keep: () => {}, leave: () => {} };
  }
  const { cache } = selection.route;
  return key === undefined || cache === undefined ? undefined : new Visit(key, cache, question);
}

class Visit implements CacheVisit {
  readonly #key: string;
  readonly #cache: CompiledCache;
  readonly #question: AttemptQuestion;
  #collected: Collected | undefined;

  constructor(key: string, cache: CompiledCache, question: AttemptQuestion) {
    this.#key = key;
    this.#cache = cache;
    this.#question = question;
  }

  collect(answer: Answer): Answer {
    const { decoded, deps } = this.#question;
    const { dialect, content } = decoded;
    const { kept, estimated } = answer.by;
    // What an account keeps has one name, under which the client may go on from it.
    const isNamed = kept !== undefined && dialect.recall?.isWanted(content.body) === true;
    if (isNamed || estimated !== undefined) return answer;
    this.#collected = collect(answer, deps.cache, dialect.encodeResponse !== undefined);
    return this.#collected.answer;
  }

  leave(): void {
    this.#collected?.leave();
  }

  keep(): void {
    const { selection, log, deps } = this.#question;
    // Ended by a limit or by a guardrail, begun by one target and ended by another, or given by what another route leads to.
    const isWhole = log.outcome === 'ok' && !log.isAnswerBlocked && log.continuedBy.length === 0;
    const form = isWhole && log.downgraded === undefined ? this.#collected?.form() : undefined;
    if (form === undefined || this.#collected === undefined) return;
    const { target, dropped } = this.#collected.answer.by;
    const candidate = selection.candidates.find(({ target: { policy } }) => policy.name === target);
    if (candidate === undefined) return;
    const provider = candidate.provider.policy.key;
    deps.cache.keep(this.#key, { ...form, provider, target, dropped }, this.#cache.ttlMs);
  }
}
