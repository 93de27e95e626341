/** The circuit breakers of all targets: unfit is what fails by its own fault, until one request found that it works again. */
import { OUTAGE, type Unfit, unfitKey } from '#contract/policy/unfit';
import { FAILURE_KINDS, isOutage } from '#sidecar/errors/failure-kinds';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { BREAKER_STATES, type BreakerState, CircuitBreaker } from './circuit-breaker.ts';
import type { AttemptEnd, Concern, Rated, TargetObserver } from './target-health.ts';

export interface BreakerChange {
  /** `namespace/name` of the AIProvider. */
  readonly provider: string;
  /** The model as a route's target names it. */
  readonly model: string;
  readonly state: BreakerState;
  /** By what it opened last. */
  readonly why: string;
}

interface Kept {
  readonly breaker: CircuitBreaker;
  readonly provider: string;
  readonly model: string;
  told: BreakerState;
  /** The last failure may be our own end's: others would learn nothing from it. */
  isOfOurs: boolean;
}

export class CircuitBreakers implements TargetObserver {
  readonly #kept = new Map<string, Kept>();
  readonly #nowMs: () => number;
  readonly #onChange: (change: BreakerChange) => void;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number, onChange: (change: BreakerChange) => void = () => {}) {
    this.#nowMs = nowMs;
    this.#onChange = onChange;
  }

  turnBegan(candidate: Candidate): void {
    const kept = this.#find(candidate);
    if (kept === undefined) return;
    kept.breaker.turnBegan(candidate);
    this.#tell(kept);
  }

  turnEnded(candidate: Candidate): void {
    const kept = this.#find(candidate);
    if (kept === undefined) return;
    kept.breaker.turnEnded(candidate);
    this.#tell(kept);
  }

  attempted(candidate: Candidate, end: AttemptEnd): void {
    const kept = this.#of(candidate);
    if (kept === undefined) return;
    if (end.kind === 'ok') kept.breaker.succeeded(candidate, candidate.request.stream ? end.firstContentMs : undefined);
    else if (isOutage(end)) {
      kept.isOfOurs = FAILURE_KINDS[end.kind].blame === 'path';
      kept.breaker.failed(candidate);
    }
    this.#tell(kept);
  }

  late(candidate: Candidate): void {
    const kept = this.#find(candidate);
    if (kept === undefined) return;
    kept.breaker.late(candidate);
    this.#tell(kept);
  }

  isUnfit(candidate: Candidate): boolean {
    return this.#find(candidate)?.breaker.isUnfit === true;
  }

  concern(candidate: Rated): Concern | undefined {
    const breaker = this.#find(candidate)?.breaker;
    if (breaker === undefined || breaker.state === 'closed') return undefined;
    const { state, why: reason, isUnfit, unfitForMs: forMs } = breaker;
    return { by: 'CircuitBreaker', state, reason, isUnfit, forMs };
  }

  unfit(): readonly Unfit[] {
    const toTell = [...this.#kept.values()].filter(({ breaker, isOfOurs }) => breaker.state !== 'closed' && !isOfOurs);
    return toTell.map(({ provider, model }) => ({ provider, model, reason: OUTAGE }));
  }

  sweep(): void {
    for (const [key, kept] of this.#kept) {
      if (!kept.breaker.isIdle) continue;
      this.#kept.delete(key);
      if (kept.told !== 'closed') this.#announce(kept, 'closed');
    }
  }

  #find({ target }: Pick<Candidate, 'target'>): Kept | undefined {
    return target.breaker === null ? undefined : this.#kept.get(target.breaker);
  }

  #of(candidate: Candidate): Kept | undefined {
    const { breaker: key, policy } = candidate.target;
    const settings = policy.circuitBreaker;
    if (key === null || settings === null) return undefined;
    let kept = this.#kept.get(key);
    if (kept === undefined) {
      const breaker = new CircuitBreaker(settings, this.#nowMs);
      kept = { breaker, provider: candidate.provider.policy.key, model: policy.model, told: 'closed', isOfOurs: false };
      this.#kept.set(key, kept);
    }
    return kept;
  }

  #tell(kept: Kept): void {
    const { state } = kept.breaker;
    if (state !== kept.told) this.#announce(kept, state);
  }

  /** What is told of a target is the worst that holds: routes of other thresholds have a breaker each. */
  #announce(kept: Kept, state: BreakerState): void {
    const before = this.#worst(kept);
    kept.told = state;
    const worst = this.#worst(kept);
    const { provider, model, breaker } = kept;
    if (worst !== before) this.#onChange({ provider, model, state: worst, why: breaker.why });
  }

  #worst(of: Kept): BreakerState {
    const key = unfitKey(of);
    let worst = of.told;
    for (const kept of this.#kept.values())
      if (unfitKey(kept) === key && BREAKER_STATES[kept.told] > BREAKER_STATES[worst]) worst = kept.told;
    return worst;
  }
}
