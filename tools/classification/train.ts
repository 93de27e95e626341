/** Multinomial logistic regression with a quadratic penalty, by full-batch gradient descent from zero: no randomness, so the same examples give the same weights. */
import { ALWAYS, probabilities, type Weights } from '#sidecar/classify/scorer';

export interface Example<Class extends string> {
  readonly features: readonly string[];
  readonly label: Class;
}

export interface Training {
  readonly rounds: number;
  readonly rate: number;
  /** Pulls every weight but those of `always` to zero. */
  readonly penalty: number;
  /** A feature of fewer examples gets no weight. */
  readonly leastExamples: number;
}

/** By numbers, since names would be looked up some hundred million times. */
interface Numbered {
  /** Where the row of each feature begins. */
  readonly rows: readonly number[];
  readonly label: number;
}

export function train<Class extends string>(
  examples: readonly Example<Class>[],
  classes: readonly Class[],
  training: Training,
): Weights<Class> {
  const names = frequentFeatures(examples, training.leastExamples);
  const width = classes.length;
  const rowOf = new Map(names.map((name, index) => [name, index * width]));
  const numbered = examples.map(({ features, label }) => ({
    rows: features.map((name) => rowOf.get(name)).filter((row) => row !== undefined),
    label: classes.indexOf(label),
  }));
  const weights = new Float64Array(names.length * width);
  const free = rowOf.get(ALWAYS) ?? -width;
  const isFree = (index: number): boolean => index >= free && index < free + width;
  for (let round = 0; round < training.rounds; round += 1) {
    const slopes = gradientOf(numbered, weights, width);
    for (const [index, slope] of slopes.entries()) {
      const weight = weights[index] ?? 0;
      const pull = isFree(index) ? 0 : training.penalty * weight;
      weights[index] = weight - training.rate * (slope / examples.length + pull);
    }
  }
  const rows = names.map((name, index) => [name, [...weights.subarray(index * width, (index + 1) * width)]] as const);
  return { classes, features: Object.fromEntries(rows) };
}

function frequentFeatures(examples: readonly Example<string>[], least: number): string[] {
  const counts = new Map<string, number>();
  for (const { features } of examples) for (const name of features) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= least)
    .map(([name]) => name)
    .toSorted();
}

function gradientOf(examples: readonly Numbered[], weights: Float64Array, width: number): Float64Array {
  const slopes = new Float64Array(weights.length);
  for (const { rows, label } of examples) {
    const scores = new Array<number>(width).fill(0);
    for (const row of rows)
      for (let at = 0; at < width; at += 1) scores[at] = (scores[at] ?? 0) + (weights[row + at] ?? 0);
    const errors = probabilities(scores).map((share, at) => share - (at === label ? 1 : 0));
    for (const row of rows)
      for (const [at, error] of errors.entries()) slopes[row + at] = (slopes[row + at] ?? 0) + error;
  }
  return slopes;
}
