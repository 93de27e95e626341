/** Targets that a provider refused for its credential or its account: unfit until the credential changes or the time is over. */
import { type Unfit, unfitKey } from '#contract/policy/unfit';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { Credentials } from '#sidecar/policy/policy-source';
import type { AttemptEnd, Concern, Rated, TargetObserver } from './target-health.ts';

const PARKED_MS = 10 * 60 * 1000;

const REASONS: Readonly<Record<string, string>> = {
  auth: 'refused its credential',
  quota: 'has no quota left',
};

interface Parked {
  readonly what: Unfit;
  readonly untilMs: number;
  /** The name and the value that were refused. */
  readonly credential: { readonly name: string | null; readonly value: string | null };
  /** The identity of this pod alone was refused: others, who have their own, learn nothing from it. */
  readonly ofThisPod: boolean;
}

export class Parking implements TargetObserver {
  readonly #parked = new Map<string, Parked>();
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** 401: the credential is bad for every model of its provider. 403 and a spent account may concern this model alone. */
  attempted(candidate: Candidate, end: AttemptEnd): void {
    if (end.kind !== 'auth' && end.kind !== 'quota') return;
    const { provider, target } = candidate;
    const everyModel = end.kind === 'auth' && end.status !== 403;
    // By the route's name of the target, not the asked model, which a caller could vary without end.
    const model = everyModel ? null : target.policy.model;
    const what = { provider: provider.policy.key, model, reason: end.kind };
    const credential = { name: provider.policy.credential, value: candidate.credential };
    const ofThisPod = candidate.source !== null && candidate.credential === null;
    this.#parked.set(unfitKey(what), { what, untilMs: this.#nowMs() + PARKED_MS, credential, ofThisPod });
  }

  isUnfit(candidate: Candidate): boolean {
    return this.#parked.size > 0 && this.#parkedFor(candidate) !== undefined;
  }

  concern(candidate: Rated): Concern | undefined {
    const parked = this.#parkedFor(candidate);
    if (parked === undefined) return undefined;
    const reason = REASONS[parked.what.reason] ?? 'was refused';
    return { by: 'Parking', reason, isUnfit: true, forMs: parked.untilMs - this.#nowMs() };
  }

  unfit(): readonly Unfit[] {
    const now = this.#nowMs();
    const toTell = [...this.#parked.values()].filter(({ untilMs, ofThisPod }) => untilMs > now && !ofThisPod);
    return toTell.map(({ what }) => what);
  }

  sweep(credentials: Credentials): void {
    const now = this.#nowMs();
    for (const [key, { untilMs, credential }] of this.#parked) {
      const isChanged = credential.name !== null && credentials.get(credential.name) !== credential.value;
      if (untilMs <= now || isChanged) this.#parked.delete(key);
    }
  }

  #parkedFor({ provider, target, credential }: Rated): Parked | undefined {
    const { key } = provider.policy;
    return (
      this.#holds({ provider: key, model: null }, credential) ??
      this.#holds({ provider: key, model: target.policy.model }, credential)
    );
  }

  #holds(what: Pick<Unfit, 'provider' | 'model'>, credential: string | null): Parked | undefined {
    const parked = this.#parked.get(unfitKey(what));
    return parked?.credential.value === credential && parked.untilMs > this.#nowMs() ? parked : undefined;
  }
}
