/** Weighted max-min fairness: who wants less than its part gets all it wants, and what it leaves is parted among the others by weight. */

export interface Claim {
  readonly wants: number;
  readonly weight: number;
}

/** Parts of `total` in the order of the claims, each at most what is wanted; together `total`, or all that is wanted if that is less. */
export function maxMin(total: number, claims: readonly Claim[]): number[] {
  const parts = claims.map(() => 0);
  const byNeed = claims
    .map(({ wants, weight }, index) => ({ index, wants, weight }))
    .sort((a, b) => a.wants / a.weight - b.wants / b.weight);
  let left = total;
  let weights = claims.reduce((sum, { weight }) => sum + weight, 0);
  for (const { index, wants, weight } of byNeed) {
    const part = Math.min(wants, (left * weight) / weights);
    parts[index] = part;
    left -= part;
    weights -= weight;
  }
  return parts;
}
