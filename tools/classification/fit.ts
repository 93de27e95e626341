/**
 * `node tools/classification/fit.ts`: fits the weights of the classifier to the labelled requests that are for development, and writes
 * `sidecar/classify/weights.ts`. The frozen ones are not used. `--cross-validate`: writes nothing, and says how well weights that are fitted to four
 * fifths of them find the labels of the rest.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Weights } from '#sidecar/classify/scorer';
import { crossValidate } from './cross-validate.ts';
import { type FittedWeights, featured, fitWeights } from './fit-weights.ts';
import { readLabelled } from './labelled.ts';

export const WEIGHTS_FILE = join(import.meta.dirname, '../../sidecar/classify/weights.ts');

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
  const development = featured(readLabelled().filter(({ isFrozen }) => !isFrozen));
  if (process.argv.includes('--cross-validate')) console.log(crossValidate(development));
  else writeFileSync(WEIGHTS_FILE, weightsFile(fitWeights(development)));
}
