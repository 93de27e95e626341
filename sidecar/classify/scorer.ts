/** A linear scorer: features that a request has, weights that were fitted to labelled requests, the most probable class. */
/** Every request has it: what a class is worth before anything is known. */
export const ALWAYS = 'always';

export interface Weights<Class extends string> {
  readonly classes: readonly Class[];
  /** Per feature: one number per class, in the order of `classes`. */
  readonly features: Readonly<Record<string, readonly number[]>>;
}

/** The sum of the weights of each class; features without weights are worth nothing. */
export function scoresOf<Class extends string>(
  { classes, features }: Weights<Class>,
  present: readonly string[],
): number[] {
  const scores = classes.map(() => 0);
  for (const feature of present) {
    const row = features[feature];
    if (row !== undefined)
      for (let index = 0; index < scores.length; index += 1) scores[index] = (scores[index] ?? 0) + (row[index] ?? 0);
  }
  return scores;
}

/** In the order of the scores; they sum to 1. */
export function probabilities(scores: readonly number[]): number[] {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

export interface Reason {
  readonly feature: string;
  readonly weight: number;
}

/** What speaks for a class, by how much more than for the average of all. */
export function weighing<Class extends string>(
  { classes, features }: Weights<Class>,
  present: readonly string[],
  chosen: Class,
): Reason[] {
  const at = classes.indexOf(chosen);
  return present.flatMap((feature) => {
    const row = feature === ALWAYS ? undefined : features[feature];
    if (row === undefined) return [];
    const average = row.reduce((sum, weight) => sum + weight, 0) / row.length;
    const weight = (row[at] ?? 0) - average;
    return weight > 0 ? [{ feature, weight }] : [];
  });
}
