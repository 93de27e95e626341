/**
 * A second target beside one whose first content is late ("hedged requests", Dean and Barroso, The Tail at Scale, 2013; gRPC A6). Whoever
 * answers first is heard; the other is ended at once and booked. Never more than two exchanges of a request at one time.
 */
import type { PolicyHedge } from '#contract/policy/policy';
import { isAboutKept, isBilledByPiece } from '#sidecar/canonical/operation';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { AttemptQuestion } from '#sidecar/pipeline/attempt';
import { clientRetryOf } from '#sidecar/pipeline/client-retry';
import { happensOnce } from '#sidecar/pipeline/happens-once';
import { TurnScope } from '#sidecar/pipeline/scope/turn-scope';
import type { Candidate } from './candidate.ts';
import { isAnswer, type Turn, type TurnOutcome, takeTurn } from './take-turn.ts';

/** undefined: the request is not hedged, as most are not. Else it is counted: hedges are a share of such requests. */
export function hedgeOf({ call, decoded: { request }, selection, deps }: AttemptQuestion): PolicyHedge | undefined {
  const { hedge, key } = selection.route.policy;
  if (hedge === undefined || selection.candidates.length < 2) return undefined;
  // The client sends it again by itself, or twice is not what it asked for.
  if (clientRetryOf(call) > 0 || isAboutKept(request) || isBilledByPiece(request) || happensOnce(call, request))
    return undefined;
  deps.hedges.requested(key);
  return hedge;
}

interface HedgedOutcome {
  readonly outcome: TurnOutcome;
  /** Whose turn has not been. */
  readonly left: readonly Candidate[];
}

/** As `takeTurn`. */
export async function takeHedgedTurn(candidate: Candidate, turn: Turn, hedge: PolicyHedge): Promise<HedgedOutcome> {
  const { others } = turn;
  const afterMs = hedge.afterMs ?? usualMsOf(candidate, turn.question);
  if (afterMs === undefined || others.length === 0) return { outcome: await takeTurn(candidate, turn), left: others };
  const first = new Side(candidate, turn, false);
  const isLate = await first.isLate(afterMs);
  // What failed in the same moment is led on by its failure.
  const beside = isLate && first.scope.hasExchange ? besideOf(others, turn.question, hedge) : undefined;
  if (beside === undefined) return { outcome: taken(await first.ended), left: others };
  first.turn.isAccompanied = true;
  const second = new Side(beside, { ...turn, isAccompanied: true }, true);
  return race(first, second, others);
}

const usualMsOf = ({ target }: Candidate, { deps, decoded }: AttemptQuestion): number | undefined =>
  deps.latencies.usualMs(target, decoded.request.stream);

/** The next target that works, as far as is known, and is not on trial; undefined: none, or none may be asked now. */
function besideOf(
  others: readonly Candidate[],
  { call, selection, deps }: AttemptQuestion,
  { maxPercent }: PolicyHedge,
): Candidate | undefined {
  if (call.scope.cause !== undefined) return undefined;
  const next = others.find((other) => other.target.variant === undefined && !deps.health.isUnfit(other));
  return next !== undefined && deps.hedges.take(selection.route.policy.key, maxPercent) ? next : undefined;
}

/** How a turn ended: with an outcome, or by what it threw. */
type Ended = { readonly outcome: TurnOutcome } | { readonly thrown: unknown };

function taken(ended: Ended): TurnOutcome {
  if ('thrown' in ended) throw ended.thrown;
  return ended.outcome;
}

/** One of the two turns. */
class Side {
  readonly candidate: Candidate;
  readonly turn: Turn;
  readonly scope: TurnScope;
  #ended: Promise<Ended> | undefined;

  constructor(candidate: Candidate, turn: Turn, isHedge: boolean) {
    const { question } = turn;
    this.candidate = candidate;
    this.scope = new TurnScope(question.call.scope, isHedge);
    this.turn = { ...turn, question: { ...question, call: { ...question.call, scope: this.scope } } };
  }

  /** Never rejects. The turn begins when it is first asked for. */
  get ended(): Promise<Ended> {
    this.#ended ??= takeTurn(this.candidate, this.turn).then(
      (outcome): Ended => ({ outcome }),
      (thrown): Ended => ({ thrown }),
    );
    return this.#ended;
  }

  /** The other one has ended. `others`: who is left. */
  goOnAlone(others: readonly Candidate[]): void {
    this.scope.goOnAlone();
    this.turn.isAccompanied = false;
    this.turn.others = others;
  }

  /** Begins the turn. True when an exchange of it has been under way for so long without content, false when it ended before. */
  async isLate(afterMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.scope.watch(afterMs, () => resolve(true));
    void this.ended.then(() => resolve(false));
    const isLate = await promise;
    this.scope.unwatch();
    return isLate;
  }
}

async function race(first: Side, second: Side, others: readonly Candidate[]): Promise<HedgedOutcome> {
  const left = others.filter((other) => other !== second.candidate);
  const [one, other, ended] = await Promise.race([
    first.ended.then((outcome) => [first, second, outcome] as const),
    second.ended.then((outcome) => [second, first, outcome] as const),
  ]);
  if (isDecided(ended, one === first, first)) {
    await supersede(other, other === first);
    return { outcome: taken(ended), left };
  }
  // What could not be asked beside the first has its turn still.
  const isRefused = one === second && ('thrown' in ended || ended.outcome instanceof RemoraError);
  const rest = isRefused ? others : left;
  other.goOnAlone(rest);
  const last = taken(await other.ended);
  return { outcome: isRefused || isAnswer(last) ? last : ofBoth(taken(ended), last), left: rest };
}

/** An answer ends both turns; so does what ends the request. What the hedge alone is refused for does not. */
function isDecided(ended: Ended, isFirst: boolean, { scope }: Side): boolean {
  if ('thrown' in ended) return isFirst || scope.cause !== undefined || !(ended.thrown instanceof RemoraError);
  return isAnswer(ended.outcome) || (isFirst && ended.outcome === 'give-up');
}

function ofBoth(one: TurnOutcome, other: TurnOutcome): TurnOutcome {
  if (one === 'give-up' || other === 'give-up') return 'give-up';
  return one instanceof RemoraError ? one : other;
}

/** Resolves when what it used is booked; what was not sent yet books nothing, and is not waited for. */
async function supersede({ candidate, turn, scope, ended }: Side, isFirst: boolean): Promise<void> {
  const { question } = turn;
  const usualMs = isFirst ? usualMsOf(candidate, question) : undefined;
  if (usualMs !== undefined && scope.underWayMs >= usualMs) question.deps.health.late(candidate);
  const hasExchange = scope.hasExchange;
  scope.supersede();
  if (!hasExchange) return;
  const outcome = await ended;
  // Both answered in the same moment.
  if ('outcome' in outcome && isAnswer(outcome.outcome)) outcome.outcome.by.settle();
}
