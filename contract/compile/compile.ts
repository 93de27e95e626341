/**
 * The heart of the control plane: a snapshot of the cluster into the policy of one workload. Total and deterministic: no object makes
 * it throw, and the same objects give the same bytes whatever order they came in.
 */
import { KIND } from '#contract/names/api';
import {
  PART_NAMES,
  PARTS,
  POLICY_FORMAT_VERSION,
  type Policy,
  type PolicySource,
  type StatedPart,
} from '#contract/policy/policy';
import type { AIPolicy } from '#contract/resources/ai-policy';
import type { Resource } from '#contract/resources/kinds';
import { analysisOf } from './analysis.ts';
import { askedLabels } from './asked-labels.ts';
import { limitsFor } from './compile-budgets.ts';
import { keysFor, policyKeys, valuesOfKeys } from './compile-keys.ts';
import { byText, namespacedName, objectText } from './object-key.ts';
import { priceBookVersion } from './price-book-schema.ts';
import type { Snapshot } from './snapshot.ts';
import { appliesTo, attributionOf, type Workload } from './workload.ts';

export { conditionsOf, type ObjectCondition } from './conditions.ts';

const sourceOf = ({ kind, metadata }: Resource): PolicySource => ({
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  generation: metadata.generation,
});

const bySource = (a: PolicySource, b: PolicySource): number =>
  byText(a.kind, b.kind) || byText(a.namespace, b.namespace) || byText(a.name, b.name);

/** What AIPolicies state, part by part, in their order. */
function statedBy(policies: readonly AIPolicy[]): Pick<Policy, StatedPart> {
  const parts = PART_NAMES.flatMap((part) => {
    const row = PARTS[part];
    if (!('stated' in row)) return [];
    const entries = policies.flatMap((source) => {
      const { mode } = source.spec;
      const by = { policy: namespacedName(source), ...(mode === 'Observe' && { mode }) };
      return row.stated(source.spec).map((entry) => ({ ...by, ...entry }));
    });
    return [[part, entries] as const];
  });
  // The rows that state are exactly these parts.
  return Object.fromEntries(parts) as unknown as Pick<Policy, StatedPart>;
}

/**
 * AIPolicies and AIBudgets that cover `workload`, were edited, are wrong now, and whose former content this process never saw. A policy
 * compiled without them would be looser than the one that sidecars run, so none may be pushed until they are mended.
 */
export const unknownConstraints = (snapshot: Snapshot, { namespace }: Pick<Workload, 'namespace'>): readonly string[] =>
  snapshot.objects
    .filter(({ kind, content, generation }) => CONSTRAINTS.has(kind) && content === undefined && generation > 1)
    .filter((held) => held.namespace === namespace || snapshot.platformNamespaces.has(held.namespace))
    .map((held) => objectText({ kind: held.kind, metadata: held }));

const CONSTRAINTS: ReadonlySet<string> = new Set([KIND.policy, KIND.budget]);

/** What `workload` may do, from the objects that are in effect. Never throws. */
export function compileWorkload(snapshot: Snapshot, workload: Workload): Policy {
  const analysis = analysisOf(snapshot);
  const isPlatform = (object: Resource): boolean => snapshot.platformNamespaces.has(object.metadata.namespace);
  const covers = (object: Resource): boolean => isPlatform(object) || object.metadata.namespace === workload.namespace;

  const routes = (analysis.routesByNamespace.get(workload.namespace) ?? []).filter(
    (route) => route.claims.served.length > 0,
  );
  const providers = [...new Set(routes.flatMap((route) => route.providers))];
  const policies = analysis.policies.filter((source) => covers(source) && appliesTo(source, workload));
  // What the platform insists on is inspected first: a team's guardrail may not see what the platform masks.
  const ordered = [...policies.filter(isPlatform), ...policies.filter((source) => !isPlatform(source))];
  const keys = keysFor(analysis.keys, covers);
  const others = valuesOfKeys(keys, isPlatform);
  const limiting = [...analysis.budgets.filter(covers), ...routes.map(({ source }) => source), ...providers, ...keys];
  const budgets = limiting
    .map((source) => ({ source, limits: limitsFor(source, workload, others) }))
    .filter(({ limits }) => limits.length > 0);

  const asked = [...routes.map(({ source }) => source), ...policies].flatMap(askedLabels);
  const capping = budgets.map(({ source }) => source).filter(({ kind }) => kind === KIND.budget);
  const sources = [...providers, ...routes.map((route) => route.source), ...policies, ...capping, ...keys];
  return {
    formatVersion: POLICY_FORMAT_VERSION,
    sources: sources.map(sourceOf).sort(bySource),
    attribution: attributionOf(workload, asked, snapshot.namespaces.get(workload.namespace)),
    priceBook: priceBookVersion(snapshot.priceBook),
    providers: providers.map(analysis.directory.policyProvider).sort((a, b) => byText(a.key, b.key)),
    routes: routes.map((route) => route.route),
    ...statedBy(ordered),
    budgets: budgets.flatMap(({ limits }) => limits),
    keys: policyKeys(keys, isPlatform),
  };
}
