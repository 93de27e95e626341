/** Targets that limited our rate are tried last until the wait that they asked for is over. That is no outage: no circuit breaker counts it. */
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { AttemptEnd, Concern, Rated, TargetObserver } from './target-health.ts';

/** Where no wait was asked for. */
export const COOL_DOWN_MS = 1_000;
/** A limit of an hour may concern one large request alone, so that it is looked at again sooner. */
export const LONGEST_COOL_DOWN_MS = 60_000;

interface CoolDown {
  readonly untilMs: number;
  /** Whose account it is about. */
  readonly credential: string | null;
}

export class CoolDowns implements TargetObserver {
  readonly #open = new Map<string, CoolDown>();
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  attempted(candidate: Candidate, end: AttemptEnd): void {
    if (end.kind === 'ok') {
      if (this.#open.size > 0) this.#open.delete(keyOf(candidate));
    } else if (end.kind === 'rate-limited') {
      const waitMs = Math.min(end.retryAfterMs ?? COOL_DOWN_MS, LONGEST_COOL_DOWN_MS);
      this.#open.set(keyOf(candidate), { untilMs: this.#nowMs() + waitMs, credential: candidate.credential });
    }
  }

  isUnfit(candidate: Candidate): boolean {
    return this.#open.size > 0 && this.#leftMs(candidate) > 0;
  }

  concern(candidate: Rated): Concern | undefined {
    const forMs = this.#leftMs(candidate);
    return forMs > 0 ? { by: 'CoolDown', reason: 'limited the rate', isUnfit: true, forMs } : undefined;
  }

  sweep(): void {
    const now = this.#nowMs();
    for (const [key, { untilMs }] of this.#open) if (untilMs <= now) this.#open.delete(key);
  }

  #leftMs(candidate: Rated): number {
    const found = this.#open.get(keyOf(candidate));
    return found?.credential === candidate.credential ? found.untilMs - this.#nowMs() : 0;
  }
}

/** By the route's name of the target, not the asked model, which a caller could vary without end. */
const keyOf = ({ provider, target }: Rated): string => `${provider.policy.key} ${target.policy.model}`;
