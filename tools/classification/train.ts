/** Multinomial logistic regression with a quadratic penalty, by full-batch gradient descent from zero: no randomness, so the same examples give the same weights. */
import { ALWAYS, probabilities, scoresOf, type Weights } from '#sidecar/classify/scorer';

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

export function train<Class extends string>(
  examples: readonly Example<Class>[],
  classes: readonly Class[],
  { rounds, rate, penalty, leastExamples }: Training,
): Weights<Class> {
  const features = frequentFeatures(examples, leastExamples);
  const weights = Object.fromEntries(features.map((name) => [name, classes.map(() => 0)]));
  for (let round = 0; round < rounds; round += 1) {
    const gradient = gradientOf(examples, { classes, features: weights });
    for (const [name, row] of Object.entries(weights))
      for (const [index, weight] of row.entries()) {
        const slope = (gradient.get(name)?.[index] ?? 0) / examples.length;
        row[index] = weight - rate * (slope + (name === ALWAYS ? 0 : penalty * weight));
      }
  }
  return { classes, features: weights };
}

function frequentFeatures(examples: readonly Example<string>[], least: number): string[] {
  const counts = new Map<string, number>();
  for (const { features } of examples) for (const name of features) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= least)
    .map(([name]) => name)
    .toSorted();
}

function gradientOf<Class extends string>(
  examples: readonly Example<Class>[],
  weights: Weights<Class>,
): Map<string, number[]> {
  const gradient = new Map<string, number[]>();
  for (const { features, label } of examples) {
    const errors = probabilities(scoresOf(weights, features)).map(
      (probability, index) => probability - (weights.classes[index] === label ? 1 : 0),
    );
    for (const name of features) {
      const row = gradient.get(name) ?? errors.map(() => 0);
      gradient.set(name, row);
      for (const [index, error] of errors.entries()) row[index] = (row[index] ?? 0) + error;
    }
  }
  return gradient;
}
