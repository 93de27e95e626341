/** The weights of the classifier from labelled requests. */
import { COMPLEXITIES, TASKS } from '#contract/resources/request-class';
import { featuresOf } from '#sidecar/classify/features';
import { lookAtChat } from '#sidecar/classify/looked-at';
import type { Weights } from '#sidecar/classify/scorer';
import type { Labelled } from './labelled.ts';
import { type Training, train } from './train.ts';

/** Chosen by cross validation; values around it give the same within a point. */
const TRAINING: Training = { rounds: 400, rate: 0.25, penalty: 0.01, leastExamples: 3 };

export interface FeaturedRequest {
  readonly id: string;
  readonly task: string;
  readonly complexity: string;
  readonly features: readonly string[];
}

export interface FittedWeights {
  readonly task: Weights<string>;
  readonly complexity: Weights<string>;
}

/** Embeddings are left out: the operation tells them, so that no word has to. */
export const featured = (labelled: readonly Labelled[]): FeaturedRequest[] =>
  labelled.flatMap(({ id, task, complexity, request }) =>
    request.operation === 'chat' ? [{ id, task, complexity, features: featuresOf(lookAtChat(request)) }] : [],
  );

export function fitWeights(requests: readonly FeaturedRequest[]): FittedWeights {
  const tasks = Object.keys(TASKS).filter((name) => name !== 'Embedding');
  const byTask = requests.map(({ features, task }) => ({ features, label: task }));
  const byComplexity = requests.map(({ features, complexity }) => ({ features, label: complexity }));
  return {
    task: train(byTask, tasks, TRAINING),
    complexity: train(byComplexity, Object.keys(COMPLEXITIES), TRAINING),
  };
}
