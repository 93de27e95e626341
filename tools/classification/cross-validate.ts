/** How well weights that are fitted to four fifths of some requests find the labels of the last fifth; what choices are made by. */
import { createHash } from 'node:crypto';
import { probabilities, scoresOf, type Weights } from '#sidecar/classify/scorer';
import { type FeaturedRequest, fitWeights } from './fit-weights.ts';

const FOLDS = 5;
/** Of the probability below which a complex request may be called simple. */
const STEPS = [1, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03];

/** By the id, so that a fold stays when requests are added. */
const foldOf = ({ id }: FeaturedRequest): number =>
  createHash('sha256').update(`fold ${id}`).digest().readUInt32BE(0) % FOLDS;

interface Guess {
  readonly request: FeaturedRequest;
  readonly task: string | undefined;
  readonly complexity: string | undefined;
  /** That it is complex. */
  readonly risk: number;
}

function guessesOf(requests: readonly FeaturedRequest[], fold: number): Guess[] {
  const weights = fitWeights(requests.filter((one) => foldOf(one) !== fold));
  return requests
    .filter((one) => foldOf(one) === fold)
    .map((request) => ({
      request,
      task: likeliest(weights.task, request),
      complexity: likeliest(weights.complexity, request),
      risk: shares(weights.complexity, request)[weights.complexity.classes.indexOf('Complex')] ?? 0,
    }));
}

const shares = (weights: Weights<string>, { features }: FeaturedRequest): number[] =>
  probabilities(scoresOf(weights, features));

function likeliest(weights: Weights<string>, request: FeaturedRequest): string | undefined {
  const found = shares(weights, request);
  return weights.classes[found.indexOf(Math.max(...found))];
}

export function crossValidate(requests: readonly FeaturedRequest[]): string {
  const guesses = Array.from({ length: FOLDS }, (_, fold) => guessesOf(requests, fold)).flat();
  const share = (some: readonly Guess[]) => `${some.length} of ${guesses.length}`;
  const calledSimple = (label: string, step: number): string => {
    const labelled = guesses.filter(({ request }) => request.complexity === label);
    const called = labelled.filter(({ complexity, risk }) => complexity === 'Simple' && risk < step);
    return `${called.length} of ${labelled.length}`;
  };
  return [
    `task right: ${share(guesses.filter(({ request, task }) => task === request.task))}`,
    `complexity right: ${share(guesses.filter(({ request, complexity }) => complexity === request.complexity))}`,
    ...STEPS.map(
      (step) =>
        `simple below ${step}: of complex ${calledSimple('Complex', step)}, of simple ${calledSimple('Simple', step)}`,
    ),
  ].join('\n');
}
