/** What holds for a whole snapshot, whatever the workload: worked out once and shared by policies and conditions. */
import type { AIBudget } from '#contract/resources/ai-budget';
import type { AIKey } from '#contract/resources/ai-key';
import type { AIPolicy } from '#contract/resources/ai-policy';
import type { AIRoute } from '#contract/resources/ai-route';
import { type CompiledRoute, compileRoute } from './compile-route.ts';
import { type Claims, modelClaims } from './model-claims.ts';
import { type ProviderDirectory, providerDirectory } from './provider-directory.ts';
import { contentsOf, type Snapshot } from './snapshot.ts';

export interface AnalysedRoute extends CompiledRoute {
  readonly source: AIRoute;
  readonly claims: Claims;
}

export interface Analysis {
  readonly directory: ProviderDirectory;
  /** In the order of the snapshot. */
  readonly routes: ReadonlyMap<AIRoute, AnalysedRoute>;
  readonly routesByNamespace: ReadonlyMap<string, readonly AnalysedRoute[]>;
  readonly policies: readonly AIPolicy[];
  readonly budgets: readonly AIBudget[];
  readonly keys: readonly AIKey[];
}

/** Snapshots are immutable, so what was worked out for one stays right as long as it lives. */
const analyses = new WeakMap<Snapshot, Analysis>();

export function analysisOf(snapshot: Snapshot): Analysis {
  const known = analyses.get(snapshot);
  if (known) return known;
  const analysis = analyse(snapshot);
  analyses.set(snapshot, analysis);
  return analysis;
}

function analyse(snapshot: Snapshot): Analysis {
  const directory = providerDirectory(snapshot);
  const sources = contentsOf(snapshot, 'AIRoute');
  const claims = modelClaims(sources);
  const { priceBook } = snapshot;
  const routes = sources.map((source): AnalysedRoute => {
    const own = claims.get(source) ?? { served: [], lost: [] };
    return { source, claims: own, ...compileRoute(source, { directory, priceBook, models: own.served }) };
  });
  return {
    directory,
    routes: new Map(routes.map((route) => [route.source, route])),
    routesByNamespace: Map.groupBy(routes, (route) => route.source.metadata.namespace),
    policies: contentsOf(snapshot, 'AIPolicy'),
    budgets: contentsOf(snapshot, 'AIBudget'),
    keys: contentsOf(snapshot, 'AIKey'),
  };
}
