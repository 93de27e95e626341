/** The logical models that this workload may ask for: those with a target that no AIPolicy denies, and that carries what each request must. */
import { deniedBy, resolvedName } from './model-rules.ts';
import { carriesAll } from './requirement.ts';
import { type CompiledRoute, routeOf, type Snapshot } from './snapshot.ts';

/** Names in the order of the alphabet, without those that only the route of `*` serves. */
export const visibleModels = (snapshot: Snapshot): readonly string[] =>
  [...snapshot.routes].flatMap(([name, route]) => (mayUse(route, name, snapshot) ? [name] : [])).sort();

/** Whether a request for the model could find a target, whatever else it says. */
export function isVisible(snapshot: Snapshot, name: string): boolean {
  const route = routeOf(name, snapshot);
  return route !== undefined && mayUse(route, name, snapshot);
}

function mayUse(route: CompiledRoute, asked: string, { modelRules, requirements }: Snapshot): boolean {
  const always = requirements.filter(({ when, isObserved }) => when === undefined && !isObserved);
  return route.rules.some(
    ({ models, targets, fallbacks }) =>
      (models.size === 0 || models.has(asked)) &&
      [...targets, ...fallbacks].some(
        (target) =>
          deniedBy(modelRules, resolvedName(target, asked)) === undefined &&
          always.every((requirement) => carriesAll(target, requirement)),
      ),
  );
}
