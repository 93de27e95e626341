/** The logical models that this workload, or whoever comes with a key, may ask for: those with a target that no AIPolicy denies, and that carries what each request must. */
import { type CompiledKey, mayAsk } from './compiled-key.ts';
import { deniedBy, resolvedName } from './model-rules.ts';
import { carriesAll } from './requirement.ts';
import { type CompiledRoute, routeOf, type Snapshot } from './snapshot.ts';

/** Names in the order of the alphabet, without those that only the route of `*` serves. */
export const visibleModels = (snapshot: Snapshot, key?: CompiledKey): readonly string[] =>
  [...snapshot.routes].flatMap(([name, route]) => (mayUse(route, name, { snapshot, key }) ? [name] : [])).sort();

/** Whether a request for the model could find a target, whatever else it says. */
export function isVisible(snapshot: Snapshot, name: string, key?: CompiledKey): boolean {
  const route = routeOf(name, snapshot);
  return route !== undefined && mayUse(route, name, { snapshot, key });
}

interface Viewer {
  readonly snapshot: Snapshot;
  /** With which is asked, if any. */
  readonly key: CompiledKey | undefined;
}

function mayUse(route: CompiledRoute, asked: string, { snapshot, key }: Viewer): boolean {
  if (key !== undefined && !mayAsk(key, asked)) return false;
  const { modelRules } = snapshot;
  const requirements = [...snapshot.requirements, ...(key?.requirements ?? [])];
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
