/** What the owner of an AIBudget should know of it, though nothing is wrong with it: what AIRoutes do not give it. */
import { LABEL } from '#contract/names/api';
import type { AIBudget } from '#contract/resources/ai-budget';
import type { Limit } from '#contract/resources/limit';
import type { Analysis } from './analysis.ts';
import type { Snapshot } from './snapshot.ts';

const ANY_MODEL = '*';
const MOST_NAMED = 3;

/** Of each limit that downgrades: the namespaces with AIRoutes, as far as it may cover them, where none serves the model. */
export function budgetNotes({ metadata, spec }: AIBudget, snapshot: Snapshot, analysis: Analysis): string[] {
  const isPlatform = snapshot.platformNamespaces.has(metadata.namespace);
  const covered = [...analysis.routesByNamespace].filter(
    ([namespace]) => isPlatform || namespace === metadata.namespace,
  );
  return spec.limits.flatMap(({ match, downgradeTo }, index) => {
    if (downgradeTo === undefined) return [];
    const without = covered
      .filter(([namespace]) => mayMatch(match, { namespace, labels: snapshot.namespaces.get(namespace) ?? {} }))
      .filter(([, routes]) => !routes.some(({ claims: { served } }) => served.some(isServed(downgradeTo))))
      .map(([namespace]) => namespace)
      .sort();
    return without.length === 0 ? [] : [noteOf(index, downgradeTo, without)];
  });
}

const isServed =
  (model: string) =>
  (name: string): boolean =>
    name === model || name === ANY_MODEL;

function noteOf(index: number, model: string, namespaces: readonly string[]): string {
  const more = namespaces.length - MOST_NAMED;
  const named = namespaces.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `spec.limits[${index}].downgradeTo: no AIRoute of the namespace ${named} serves "${model}", so requests there are refused`;
}

interface Covered {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Labels of pods are not known here; a limit that asks for one may cover a pod that carries it. */
function mayMatch(match: Limit['match'], { namespace, labels }: Covered): boolean {
  const mayBe = (wanted: string | undefined, stated: string | undefined): boolean =>
    wanted === undefined || stated === undefined || wanted === stated;
  return (
    mayBe(match.namespace, namespace) &&
    mayBe(match.team, labels[LABEL.team]) &&
    mayBe(match.project, labels[LABEL.project]) &&
    mayBe(match.environment, labels[LABEL.environment])
  );
}
