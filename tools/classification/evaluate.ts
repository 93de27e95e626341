/** How well the classifier finds the labels of requests, in figures. */
import { COMPLEXITIES, TASKS } from '#contract/resources/request-class';
import { classify } from '#sidecar/classify/classify';
import type { Labelled } from './labelled.ts';

interface ClassScore {
  readonly name: string;
  /** Labelled so, found so, and both. */
  readonly labelled: number;
  readonly found: number;
  readonly right: number;
  readonly f1: number;
}

export interface Evaluation {
  readonly scores: readonly ClassScore[];
  /** The mean of the classes' F1, each counting the same. */
  readonly macroF1: number;
  readonly accuracy: number;
  /** By label, then by what was found. */
  readonly confusion: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

interface Pair {
  readonly label: string;
  readonly found: string;
}

function evaluate(pairs: readonly Pair[], names: readonly string[]): Evaluation {
  const scores = names.map((name) => scoreOf(name, pairs));
  const byLabel = Map.groupBy(pairs, ({ label }) => label);
  const confusion = new Map(
    [...byLabel].map(([label, some]) => {
      const byFound = Map.groupBy(some, ({ found }) => found);
      return [label, new Map([...byFound].map(([found, same]) => [found, same.length]))];
    }),
  );
  return {
    scores,
    macroF1: scores.reduce((sum, { f1 }) => sum + f1, 0) / scores.length,
    accuracy: pairs.filter(({ label, found }) => label === found).length / pairs.length,
    confusion,
  };
}

function scoreOf(name: string, pairs: readonly Pair[]): ClassScore {
  const labelled = pairs.filter(({ label }) => label === name).length;
  const found = pairs.filter((pair) => pair.found === name).length;
  const right = pairs.filter((pair) => pair.found === name && pair.label === name).length;
  return { name, labelled, found, right, f1: right === 0 ? 0 : (2 * right) / (labelled + found) };
}

export interface Measured {
  readonly requests: number;
  readonly task: Evaluation;
  readonly complexity: Evaluation;
  /** Of how many complex requests how many were taken for simple. */
  readonly complexTakenForSimple: { readonly count: number; readonly of: number };
}

export function measure(requests: readonly Labelled[]): Measured {
  const found = requests.map((one) => ({ one, as: classify(one.request, { isJob: false }) }));
  const tasks = found.map(({ one, as }) => ({ label: one.task, found: as.task ?? '' }));
  const complexities = found.map(({ one, as }) => ({ label: one.complexity, found: as.complexity ?? '' }));
  const complex = complexities.filter(({ label }) => label === 'Complex');
  return {
    requests: requests.length,
    task: evaluate(tasks, Object.keys(TASKS)),
    complexity: evaluate(complexities, Object.keys(COMPLEXITIES)),
    complexTakenForSimple: { count: complex.filter((pair) => pair.found === 'Simple').length, of: complex.length },
  };
}
