/** Targets that a provider refused for its credential or its account: tried last until the credential changes or the time is over. */
import type { Candidate } from './candidate.ts';

const PARKED_MS = 10 * 60 * 1000;

interface Parked {
  readonly untilMs: number;
  readonly credential: string | null;
}

/**
 * Parked targets are not struck out but tried last: with a healthy target left they get no request, and with none left the
 * provider's own answer tells the truth sooner than our memory of it.
 */
export class Parking {
  readonly #parked = new Map<string, Parked>();
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** 401: the credential is bad for every model of its provider. 403 and a spent account may concern this model alone. */
  park(candidate: Candidate, scope: 'provider' | 'target'): void {
    const key = scope === 'provider' ? providerKey(candidate) : targetKey(candidate);
    this.#parked.set(key, { untilMs: this.#nowMs() + PARKED_MS, credential: candidate.credential });
  }

  isParked(candidate: Candidate): boolean {
    if (this.#parked.size === 0) return false;
    return this.#holds(providerKey(candidate), candidate) || this.#holds(targetKey(candidate), candidate);
  }

  /** Forgets what is over; called with each new policy or credential, which bounds what is kept. */
  sweep(): void {
    const now = this.#nowMs();
    for (const [key, { untilMs }] of this.#parked) if (untilMs <= now) this.#parked.delete(key);
  }

  #holds(key: string, candidate: Candidate): boolean {
    const parked = this.#parked.get(key);
    if (parked === undefined) return false;
    if (parked.credential === candidate.credential && parked.untilMs > this.#nowMs()) return true;
    this.#parked.delete(key);
    return false;
  }
}

const providerKey = (candidate: Candidate): string => `provider ${candidate.provider.policy.key}`;
/** By the route's name of the target, not the asked model, which a caller could vary without end. */
const targetKey = (candidate: Candidate): string =>
  `target ${candidate.provider.policy.key} ${candidate.target.policy.model}`;
