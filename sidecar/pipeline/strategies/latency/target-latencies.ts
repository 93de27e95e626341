/**
 * How long targets take to their first content, and how much they have under way, as this sidecar sees it: what LeastLatency and LeastCost
 * choose by, and when a request is hedged. Only targets of such rules are watched, so that the policy bounds what is kept.
 */
import type { AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { AttemptFacts, TargetObserver } from '#sidecar/pipeline/health/target-health';
import type { CompiledTarget, Snapshot } from '#sidecar/pipeline/policy/snapshot';
import type { Credentials } from '#sidecar/policy/policy-source';
import type { LatencyReading } from '#sidecar/telemetry/request-record';
import { PeakEwma } from './peak-ewma.ts';
import { RecentQuantile } from './recent-quantile.ts';

/** A failed attempt counts as so many times what the target takes, since one that fails at once must not look fast. */
const FAILED_TIMES = 10;
const FAILED_AT_LEAST_MS = 1_000;
/** Many failures in a row say no more than one, and must not banish a target for long. */
const FAILED_AT_MOST_MS = 60_000;
/** No attempt counts for more, however long a job may wait for it. */
const MOST_MS = 10 * 60_000;

/** They say that the request was wrong, and nothing of the target. */
const OF_THE_REQUEST: ReadonlySet<AttemptFailureKind> = new Set(['rejected', 'content-filter']);

/** Of one form of answers: the first content of a stream comes long before the whole of an answer. */
interface Times {
  readonly average: PeakEwma;
  readonly recent: RecentQuantile;
  /** Without attempts that failed, which say nothing of how long an answer takes. Where requests are hedged. */
  answered: RecentQuantile | undefined;
  offers: number;
}

const noTimes = (): Times => ({
  average: new PeakEwma(),
  recent: new RecentQuantile(),
  answered: undefined,
  offers: 0,
});

function watchAnswers(times: Times, isHedged: boolean): void {
  if (isHedged) times.answered ??= new RecentQuantile();
  else times.answered = undefined;
}

interface Watched {
  underWay: number;
  readonly streamed: Times;
  readonly whole: Times;
}

/** One target as a strategy compares it. */
export interface TargetLatency {
  /** Attempts whose answer is not over. */
  readonly underWay: number;
  /** Decaying peak average until the first content; undefined before the first attempt. Milliseconds, as the next. */
  readonly averageMs: number | undefined;
  /** undefined: there is too little evidence. */
  readonly p95Ms: number | undefined;
  /** How often it could have been tried to find out how it is, since policy and credentials are as they are. */
  readonly offers: number;
}

/** What strategies see of latencies. */
export interface LatencyView {
  of(target: CompiledTarget, stream: boolean): TargetLatency;
  /** It was put where it is tried to find out how it is. */
  offered(target: CompiledTarget, stream: boolean): void;
  /** undefined: nobody asks how long this target takes, so that it is not watched. Changes nothing. */
  peek(target: CompiledTarget, stream: boolean): TargetLatency | undefined;
  /** Within which 19 of 20 answers of the target began lately, in milliseconds; undefined: there is too little evidence. */
  usualMs(target: CompiledTarget, stream: boolean): number | undefined;
}

/** For whoever asks what would be, and must change nothing by it. */
export const unmoved = (view: LatencyView): LatencyView => ({
  of: (target, stream) => view.peek(target, stream) ?? UNWATCHED,
  offered: () => {},
  peek: (target, stream) => view.peek(target, stream),
  usualMs: (target, stream) => view.usualMs(target, stream),
});

const UNWATCHED: TargetLatency = { underWay: 0, averageMs: undefined, p95Ms: undefined, offers: 0 };

export class TargetLatencies implements TargetObserver, LatencyView {
  /** By the route's name of the target, which means one provider and model in all of a policy. */
  readonly #watched = new Map<string, Watched>();
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Averages decay with every look. */
  of({ policy }: CompiledTarget, stream: boolean): TargetLatency {
    const watched = this.#watched.get(policy.name);
    if (watched === undefined) return UNWATCHED;
    const now = this.#nowMs();
    const { average, recent, offers } = timesOf(watched, stream);
    return { underWay: watched.underWay, averageMs: average.look(now), p95Ms: recent.p95(now), offers };
  }

  peek({ policy }: CompiledTarget, stream: boolean): TargetLatency | undefined {
    const watched = this.#watched.get(policy.name);
    if (watched === undefined) return undefined;
    const now = this.#nowMs();
    const { average, recent, offers } = timesOf(watched, stream);
    return { underWay: watched.underWay, averageMs: average.peek(now), p95Ms: recent.p95(now), offers };
  }

  usualMs({ policy }: CompiledTarget, stream: boolean): number | undefined {
    const watched = this.#watched.get(policy.name);
    return watched && timesOf(watched, stream).answered?.p95(this.#nowMs());
  }

  offered({ policy }: CompiledTarget, stream: boolean): void {
    const watched = this.#watched.get(policy.name);
    if (watched !== undefined) timesOf(watched, stream).offers += 1;
  }

  attemptBegan({ target }: Candidate): void {
    const watched = this.#watched.get(target.policy.name);
    if (watched !== undefined) watched.underWay += 1;
  }

  firstContent(candidate: Candidate, ms: number): void {
    this.#observe(candidate, ms, true);
  }

  attemptEnded(candidate: Candidate, { outcome, elapsedMs, firstContentMs }: AttemptFacts): void {
    const watched = this.#watched.get(candidate.target.policy.name);
    if (watched === undefined) return;
    // What began before the target was watched ends here all the same.
    watched.underWay = Math.max(0, watched.underWay - 1);
    const knownMs = timesOf(watched, candidate.request.stream).average.ms ?? 0;
    const waitedMs = firstContentMs === undefined ? elapsedMs : 0;
    if (outcome === 'ok' || outcome === 'aborted') {
      // Given up, by us or by the client: all that is known is that it would have taken longer.
      if (waitedMs > knownMs) this.#observe(candidate, waitedMs, true);
    } else if (!OF_THE_REQUEST.has(outcome)) {
      this.#observe(candidate, Math.max(waitedMs, slowerThan(knownMs)), false);
    }
  }

  /** Being slow is no reason to be tried last by rules of other strategies. */
  isUnfit(): boolean {
    return false;
  }

  sweep(_credentials: Credentials, snapshot: Snapshot | undefined): void {
    const hedged = new Set(snapshot && hedgedTargets(snapshot));
    const wanted = new Set([...hedged, ...(snapshot === undefined ? [] : measuredTargets(snapshot))]);
    for (const [name, { underWay, streamed, whole }] of this.#watched) {
      if (!wanted.has(name) && underWay === 0) this.#watched.delete(name);
      // What kept it from being tried may be over.
      streamed.offers = 0;
      whole.offers = 0;
    }
    for (const name of wanted)
      if (!this.#watched.has(name)) this.#watched.set(name, { underWay: 0, streamed: noTimes(), whole: noTimes() });
    for (const [name, { streamed, whole }] of this.#watched)
      for (const times of [streamed, whole]) watchAnswers(times, hedged.has(name));
  }

  readings(): readonly LatencyReading[] {
    return [...this.#watched].flatMap(([target, watched]) =>
      [true, false].flatMap((stream) => {
        const averageMs = timesOf(watched, stream).average.ms;
        return averageMs === undefined ? [] : [{ target, stream, averageMs }];
      }),
    );
  }

  #observe({ target, request }: Candidate, ms: number, isAnswer: boolean): void {
    const watched = this.#watched.get(target.policy.name);
    if (watched === undefined) return;
    const now = this.#nowMs();
    const { average, recent, answered } = timesOf(watched, request.stream);
    const counted = Math.min(ms, MOST_MS);
    average.observe(counted, now);
    recent.observe(counted, now);
    if (isAnswer) answered?.observe(counted, now);
  }
}

const slowerThan = (knownMs: number): number =>
  Math.max(FAILED_AT_LEAST_MS, knownMs, Math.min(knownMs * FAILED_TIMES, FAILED_AT_MOST_MS));

const timesOf = ({ streamed, whole }: Watched, stream: boolean): Times => (stream ? streamed : whole);

/** Whose times strategies choose by. */
const measuredTargets = ({ allRoutes }: Snapshot): string[] =>
  allRoutes
    .flatMap(({ rules }) => rules)
    .filter(({ strategy }) => strategy === 'LeastLatency' || strategy === 'LeastCost')
    .flatMap(({ targets }) => targets.map(nameOf));

/** Whose times requests are hedged by. */
const hedgedTargets = ({ allRoutes }: Snapshot): string[] =>
  allRoutes
    .filter(({ policy }) => policy.hedge !== undefined)
    .flatMap(({ rules }) => rules.flatMap(({ targets, fallbacks }) => [...targets, ...fallbacks].map(nameOf)));

const nameOf = ({ policy }: CompiledTarget): string => policy.name;
