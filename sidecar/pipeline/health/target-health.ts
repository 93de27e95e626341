/** What is known of targets: the end of every attempt is told to each observer, and what one of them finds unfit is tried last. */
import type { Unfit } from '#contract/policy/unfit';
import type { Usage } from '#sidecar/canonical/usage';
import type { AttemptFailure, AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { CompiledEndpoint, Snapshot } from '#sidecar/pipeline/policy/snapshot';
import type { Credentials } from '#sidecar/policy/policy-source';

/**
 * How an attempt ended. A stream is `ok` with its first content, and fails a second time when it breaks after it.
 * Milliseconds, from sending to the first content.
 */
export type AttemptEnd = { readonly kind: 'ok'; readonly firstContentMs: number } | AttemptFailure;

/** Of a candidate what observers know it by. */
export type Rated = Pick<Candidate, 'target' | 'provider' | 'credential'>;

/** An attempt that is over, whoever ended it. */
export interface AttemptFacts {
  readonly endpoint: CompiledEndpoint;
  /** `ok` also where the client left before there was anything to judge. */
  readonly outcome: 'ok' | AttemptFailureKind;
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
  /** undefined: there was no content. */
  readonly firstContentMs: number | undefined;
  /** As far as the provider told it. */
  readonly usage: Usage | undefined;
}

/** By whom a target is known to be in trouble: logs and explanations name it. */
type ConcernedBy = 'CircuitBreaker' | 'CoolDown' | 'Parking' | 'Hint';

/** What is held against a target now. */
export interface Concern {
  readonly by: ConcernedBy;
  /** What happened, in a few words without its end. */
  readonly reason: string;
  /** Of a circuit breaker. */
  readonly state?: 'open' | 'half-open';
  /** Whether it is tried last for it: a breaker that is open may be tried out once its time is over. */
  readonly isUnfit: boolean;
  /** Milliseconds until it is over, or until it may be tried out. */
  readonly forMs: number;
}

export interface TargetObserver {
  /** The target is the next to be asked for a request. Its attempts follow, if it comes to one, and then `turnEnded` in any case. */
  turnBegan?(candidate: Candidate): void;
  turnEnded?(candidate: Candidate): void;
  /** An attempt begins; `attemptEnded` is told once for each, when its stream is over too. */
  attemptBegan?(candidate: Candidate, endpoint: CompiledEndpoint): void;
  /** The first content, or the whole answer where there is no stream; milliseconds since the attempt began. */
  firstContent?(candidate: Candidate, ms: number): void;
  attemptEnded?(candidate: Candidate, facts: AttemptFacts): void;
  /** An attempt that the client or the sidecar cut short is not told: it says nothing of the target. */
  attempted?(candidate: Candidate, end: AttemptEnd): void;
  /** Its first content was later than 19 of 20 answers of it, when another target's answer ended the attempt. */
  late?(candidate: Candidate): void;
  isUnfit(candidate: Candidate): boolean;
  /** The same for people, and what is about to be over; asked where somebody reads it. Changes nothing. */
  concern?(candidate: Rated): Concern | undefined;
  /** What this sidecar found out by its own attempts. */
  unfit?(): readonly Unfit[];
  /** A new policy or new credentials hold: forgets what is over. Called often enough to bound what is kept. `snapshot` is undefined before the first policy. */
  sweep?(credentials: Credentials, snapshot: Snapshot | undefined): void;
}

/**
 * Unfit targets are not struck out but tried last: with a fit target left they get no request, and with none left the provider's own
 * answer tells the truth sooner than our memory of it (Envoy's panic: where nobody is healthy, health is not looked at).
 */
export class TargetHealth {
  readonly #observers: readonly TargetObserver[];

  constructor(observers: readonly TargetObserver[]) {
    this.#observers = observers;
  }

  turnBegan(candidate: Candidate): void {
    for (const observer of this.#observers) observer.turnBegan?.(candidate);
  }

  turnEnded(candidate: Candidate): void {
    for (const observer of this.#observers) observer.turnEnded?.(candidate);
  }

  attemptBegan(candidate: Candidate, endpoint: CompiledEndpoint): void {
    for (const observer of this.#observers) observer.attemptBegan?.(candidate, endpoint);
  }

  firstContent(candidate: Candidate, ms: number): void {
    for (const observer of this.#observers) observer.firstContent?.(candidate, ms);
  }

  attemptEnded(candidate: Candidate, facts: AttemptFacts): void {
    for (const observer of this.#observers) observer.attemptEnded?.(candidate, facts);
  }

  attempted(candidate: Candidate, end: AttemptEnd): void {
    for (const observer of this.#observers) observer.attempted?.(candidate, end);
  }

  late(candidate: Candidate): void {
    for (const observer of this.#observers) observer.late?.(candidate);
  }

  /** The fit ones first; among the fit and among the unfit the order stays. */
  order(candidates: readonly Candidate[]): readonly Candidate[] {
    if (!candidates.some((candidate) => this.isUnfit(candidate))) return candidates;
    return candidates.toSorted((a, b) => Number(this.isUnfit(a)) - Number(this.isUnfit(b)));
  }

  concerns(candidate: Rated): readonly Concern[] {
    return this.#observers.flatMap((observer) => observer.concern?.(candidate) ?? []);
  }

  unfit(): readonly Unfit[] {
    return this.#observers.flatMap((observer) => observer.unfit?.() ?? []);
  }

  sweep(credentials: Credentials, snapshot?: Snapshot): void {
    for (const observer of this.#observers) observer.sweep?.(credentials, snapshot);
  }

  isUnfit(candidate: Candidate): boolean {
    return this.#observers.some((observer) => observer.isUnfit(candidate));
  }
}
