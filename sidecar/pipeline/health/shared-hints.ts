/** What other sidecars found unfit, as the operator tells it. A hint only moves a target to the end of the order, and is forgotten unless it is told again. */
import { MAX_UNFIT, type Unfit, unfitKey } from '#contract/policy/unfit';
import { isOutage } from '#sidecar/errors/failure-kinds';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { AttemptEnd, TargetObserver } from './target-health.ts';

/** How long a success of our own outweighs what others say of a target. */
const SEEN_WELL_MS = 60_000;

export class SharedHints implements TargetObserver {
  #hinted: ReadonlySet<string> = new Set();
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
    this.#hinted = new Set(unfit.slice(0, MAX_UNFIT).map(unfitKey));
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

  isUnfit({ provider, target }: Candidate): boolean {
    if (this.#hinted.size === 0 || this.#untilMs <= this.#nowMs()) return false;
    const { key } = provider.policy;
    if (this.#hinted.has(unfitKey({ provider: key, model: null }))) return true;
    const ofModel = unfitKey({ provider: key, model: target.policy.model });
    return this.#hinted.has(ofModel) && (this.#seenWellUntilMs.get(ofModel) ?? 0) <= this.#nowMs();
  }
}
