/**
 * `node tools/classification/fit.ts`: fits the weights of the classifier to the labelled requests that are for development, and writes
 * `sidecar/classify/weights.ts`. The frozen ones are not read. `--check` writes nothing and fails where the file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPLEXITIES, TASKS } from '#contract/resources/request-class';
import { featuresOf } from '#sidecar/classify/features';
import { lookAtChat } from '#sidecar/classify/looked-at';
import type { Weights } from '#sidecar/classify/scorer';
import { type Labelled, readLabelled } from './labelled.ts';
import { type Example, type Training, train } from './train.ts';

/** Chosen by five-fold cross validation within the requests for development; values around it give the same within a point. */
const TRAINING: Training = { rounds: 400, rate: 0.25, penalty: 0.01, leastExamples: 3 };
const FILE = 'sidecar/classify/weights.ts';
const PATH = join(import.meta.dirname, '../..', FILE);

type Chat = Labelled & { readonly request: { readonly operation: 'chat' } };

const namesOf = <T extends string>(words: Readonly<Record<T, string>>): T[] => Object.keys(words) as T[];

function examplesOf<Class extends string>(labelled: readonly Chat[], label: (one: Chat) => Class): Example<Class>[] {
  return labelled.map((one) => ({ features: featuresOf(lookAtChat(one.request)), label: label(one) }));
}

export interface FittedWeights {
  readonly task: Weights<string>;
  readonly complexity: Weights<string>;
}

export function fitWeights(labelled: readonly Labelled[]): FittedWeights {
  const chats = labelled.filter((one): one is Chat => one.request.operation === 'chat');
  // The operation tells it, so that no word has to.
  const tasks = namesOf(TASKS).filter((name) => name !== 'Embedding');
  const byTask = examplesOf(chats, ({ task }) => task);
  const byComplexity = examplesOf(chats, ({ complexity }) => complexity);
  return {
    task: train<string>(byTask, tasks, TRAINING),
    complexity: train<string>(byComplexity, namesOf(COMPLEXITIES), TRAINING),
  };
}

const rounded = (weight: number): number => Math.round(weight * 100) / 100 + 0;

function table(name: string, { classes, features }: Weights<string>): string {
  const rows = Object.entries(features)
    .map(([feature, row]) => [feature, row.map(rounded)] as const)
    .filter(([, row]) => row.some((weight) => weight !== 0))
    .map(([feature, row]) => `    ${/^[a-z]+$/i.test(feature) ? feature : `'${feature}'`}: [${row.join(', ')}],`);
  const list = classes.map((one) => `'${one}'`).join(', ');
  return `export const ${name} = {\n  classes: [${list}],\n  features: {\n${rows.join('\n')}\n  },\n} as const satisfies Weights<string>;\n`;
}

export const weightsFile = ({ task, complexity }: FittedWeights): string =>
  `/** Written by \`node tools/classification/fit.ts\`, from the labelled requests that are for development. Do not edit. */
import type { Weights } from './scorer.ts';

${table('TASK_WEIGHTS', task)}
${table('COMPLEXITY_WEIGHTS', complexity)}`;

if (import.meta.main) {
  const text = weightsFile(fitWeights(readLabelled().filter(({ isFrozen }) => !isFrozen)));
  const isStale = text !== readFileSync(PATH, 'utf8');
  if (!process.argv.includes('--check')) writeFileSync(PATH, text);
  else if (isStale) console.log(`${FILE} differs: run node tools/classification/fit.ts`);
  process.exitCode = process.argv.includes('--check') && isStale ? 1 : 0;
}
