/** What a request is: its task, how much it asks of a model, whether somebody waits, and whose tier it is. By rules and a small scorer; no model is asked. */
import type { Complexity, Latency, Task } from '#contract/resources/request-class';
import type { CanonicalRequest, OperationName } from '#sidecar/canonical/request';
import { featuresOf, UNREAD } from './features.ts';
import { type LookedAt, lookedAt } from './looked-at.ts';
import { probabilities, scoresOf, weighing } from './scorer.ts';
import { COMPLEXITY_WEIGHTS, TASK_WEIGHTS } from './weights.ts';

/** What a request says beside its content, and its route of it. */
export interface Hints {
  /** As the caller states it. */
  readonly latency?: Latency | undefined;
  /** Nobody waits at the connection, since the request is a job. */
  readonly isJob: boolean;
  /** What the route says of requests that do not. */
  readonly routeLatency?: Latency | undefined;
  /** The caller's tier as stated. */
  readonly tier?: string | undefined;
}

export interface RequestClass {
  /** Absent: the operation asks no model for text, such as one that makes images. */
  readonly task?: Task;
  readonly complexity?: Complexity;
  readonly latency: Latency;
  readonly costClass?: string;
  /** Names of the features that weighed most, at most three, the heaviest first. */
  readonly because: readonly string[];
}

type Content = Pick<RequestClass, 'task' | 'complexity' | 'because'>;

/**
 * How probable it may be that a request is complex for it to be called simple: a complex one that is taken for simple gets a bad answer, the other
 * way round it costs a little more. Below 0.07, the highest step at which cross validation took none for simple (`tools/classification/fit.ts`).
 */
const SIMPLE_BELOW = 0.05;
const MOST_REASONS = 3;
/** The client itself asks for long thought; a step of work with tools under way; nobody here knows what is asked. */
const NEVER_SIMPLE: readonly string[] = ['effort.high', 'toolResults>=1', UNREAD];

/** Looks at a bounded part of the text, however long it is. */
export const classify = (request: CanonicalRequest, hints: Hints): RequestClass => ({
  ...contentClass(request),
  latency: latencyOf(request, hints),
  ...(hints.tier !== undefined && { costClass: hints.tier }),
});

function latencyOf(request: CanonicalRequest, { latency, isJob, routeLatency }: Hints): Latency {
  const isLater = isJob || (request.operation === 'chat' && request.isAnsweredLater === true);
  const shown = request.stream ? 'Realtime' : 'Batch';
  return latency ?? (isLater ? 'Batch' : (routeLatency ?? shown));
}

/** Operations whose name tells all. */
const BY_OPERATION: Readonly<Partial<Record<OperationName, Content>>> = {
  embeddings: { task: 'Embedding', complexity: 'Simple', because: ['operation.embeddings'] },
  moderation: { task: 'Classification', complexity: 'Simple', because: ['operation.moderation'] },
};

function contentClass(request: CanonicalRequest): Content {
  const looked = lookedAt(request);
  return looked === undefined ? (BY_OPERATION[request.operation] ?? { because: [] }) : scored(looked);
}

function scored(looked: LookedAt): Content {
  const features = featuresOf(looked);
  const task = likeliest(TASK_WEIGHTS.classes, probabilities(scoresOf(TASK_WEIGHTS, features)));
  const complexity = complexityOf(features);
  const reasons = [...weighing(TASK_WEIGHTS, features, task), ...weighing(COMPLEXITY_WEIGHTS, features, complexity)];
  const heaviest = reasons.toSorted((a, b) => b.weight - a.weight).map(({ feature }) => feature);
  return { task, complexity, because: [...new Set(heaviest)].slice(0, MOST_REASONS) };
}

function complexityOf(features: readonly string[]): Complexity {
  const { classes } = COMPLEXITY_WEIGHTS;
  const shares = probabilities(scoresOf(COMPLEXITY_WEIGHTS, features));
  const guess = likeliest(classes, shares);
  const mayBeComplex = (shares[classes.indexOf('Complex')] ?? 0) >= SIMPLE_BELOW;
  const isDoubtful = mayBeComplex || features.some((name) => NEVER_SIMPLE.includes(name));
  return guess === 'Simple' && isDoubtful ? 'Moderate' : guess;
}

function likeliest<Class>(classes: readonly Class[], shares: readonly number[]): Class {
  const best = classes[shares.indexOf(Math.max(...shares))];
  if (best === undefined) throw new Error('the weights name no class');
  return best;
}
