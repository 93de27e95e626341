/** The newest requests of a sum that only grows: it remembers what the sum was before, as often as it needs to. */
import { type ArmCounts, NO_COUNTS, since } from '#contract/policy/variant-counts';

/** Remembered sums lie this share of what is asked for apart, at least, so that they are few. */
const SHARE_APART = 8;

export class NewestCounts {
  /** Rising. */
  #marks: ArmCounts[] = [NO_COUNTS];

  /** At least `atLeast` requests, and little more where it is asked often; all that there are where these are fewer. */
  of(sum: ArmCounts, atLeast: number): ArmCounts {
    const found = this.#marks.findLastIndex(({ requests }) => sum.requests - requests >= atLeast);
    if (found > 0) this.#marks.splice(0, found);
    const [base = NO_COUNTS] = this.#marks;
    const newest = this.#marks.at(-1) ?? NO_COUNTS;
    if (sum.requests - newest.requests >= Math.max(1, atLeast / SHARE_APART)) this.#marks.push(sum);
    return since(sum, base);
  }
}
