/** What is known of targets: the end of every attempt is told to each observer, and what one of them finds unfit is tried last. */
import type { Unfit } from '#contract/policy/unfit';
import type { AttemptFailure } from '#sidecar/errors/attempt-failure';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { Credentials } from '#sidecar/policy/policy-source';

/**
 * How an attempt ended. A stream is `ok` with its first content, and fails a second time when it breaks after it.
 * Milliseconds, from sending to the first content.
 */
export type AttemptEnd = { readonly kind: 'ok'; readonly firstContentMs: number } | AttemptFailure;

export interface TargetObserver {
  /** The target is the next to be asked for a request. Its attempts follow, if it comes to one, and then `turnEnded` in any case. */
  turnBegan?(candidate: Candidate): void;
  turnEnded?(candidate: Candidate): void;
  /** An attempt that the client or the sidecar cut short is not told: it says nothing of the target. */
  attempted?(candidate: Candidate, end: AttemptEnd): void;
  isUnfit(candidate: Candidate): boolean;
  /** What this sidecar found out by its own attempts. */
  unfit?(): readonly Unfit[];
  /** A new policy or new credentials hold: forgets what is over. Called often enough to bound what is kept. */
  sweep?(credentials: Credentials): void;
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

  attempted(candidate: Candidate, end: AttemptEnd): void {
    for (const observer of this.#observers) observer.attempted?.(candidate, end);
  }

  /** The fit ones first; among the fit and among the unfit the order stays. */
  order(candidates: readonly Candidate[]): readonly Candidate[] {
    if (!candidates.some((candidate) => this.isUnfit(candidate))) return candidates;
    return candidates.toSorted((a, b) => Number(this.isUnfit(a)) - Number(this.isUnfit(b)));
  }

  unfit(): readonly Unfit[] {
    return this.#observers.flatMap((observer) => observer.unfit?.() ?? []);
  }

  sweep(credentials: Credentials): void {
    for (const observer of this.#observers) observer.sweep?.(credentials);
  }

  isUnfit(candidate: Candidate): boolean {
    return this.#observers.some((observer) => observer.isUnfit(candidate));
  }
}
