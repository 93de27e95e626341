/** What other sidecars found unfit, as the operator tells it. A hint only moves a target to the end of the order, and is forgotten unless it is told again. */
import { MAX_UNFIT, type Unfit, unfitKey } from '#contract/policy/unfit';
import { isOutage } from '#sidecar/errors/failure-kinds';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { AttemptEnd, Concern, Rated, TargetObserver } from './target-health.ts';

/** How long a success of our own outweighs what others say of a target. */
const SEEN_WELL_MS = 60_000;

export class SharedHints implements TargetObserver {
  /** The reason by what is hinted. */
  #hinted: ReadonlyMap<string, string> = new Map();
  #untilMs = 0;
  /** Of what is hinted: until when we know better. */
  readonly #seenWellUntilMs = new Map<string, number>();
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** In place of all hints before. */
  replace(unfit: readonly Unfit[], ttlMs: number): void {
    this.#hinted = new Map(unfit.slice(0, MAX_UNFIT).map((hint) => [unfitKey(hint), hint.reason]));
    this.#untilMs = this.#nowMs() + ttlMs;
    for (const key of this.#seenWellUntilMs.keys()) if (!this.#hinted.has(key)) this.#seenWellUntilMs.delete(key);
  }

  attempted({ provider, target }: Candidate, end: AttemptEnd): void {
    if (this.#hinted.size === 0) return;
    const key = unfitKey({ provider: provider.policy.key, model: target.policy.model });
    if (!this.#hinted.has(key)) return;
    if (end.kind === 'ok') this.#seenWellUntilMs.set(key, this.#nowMs() + SEEN_WELL_MS);
    else if (isOutage(end)) this.#seenWellUntilMs.delete(key);
  }

  isUnfit(candidate: Candidate): boolean {
    return this.#hinted.size > 0 && this.#hintOf(candidate) !== undefined;
  }

  concern(candidate: Rated): Concern | undefined {
    const hint = this.#hintOf(candidate);
    if (hint === undefined) return undefined;
    const reason = `other sidecars told: ${hint}`;
    return { by: 'Hint', reason, isUnfit: true, forMs: this.#untilMs - this.#nowMs() };
  }

  /** The reason. */
  #hintOf({ provider, target }: Rated): string | undefined {
    if (this.#untilMs <= this.#nowMs()) return undefined;
    const { key } = provider.policy;
    const ofModel = unfitKey({ provider: key, model: target.policy.model });
    const isSeenWell = (this.#seenWellUntilMs.get(ofModel) ?? 0) > this.#nowMs();
    return (
      this.#hinted.get(unfitKey({ provider: key, model: null })) ?? (isSeenWell ? undefined : this.#hinted.get(ofModel))
    );
  }
}
