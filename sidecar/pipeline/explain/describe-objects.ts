/** The Kubernetes objects by which a request was decided. */
import { KIND } from '#contract/names/api';
import type { PolicySource } from '#contract/policy/policy';
import type { CompiledRoute } from '#sidecar/pipeline/policy/snapshot';
import type { DryRun } from './dry-run.ts';
import type { ExplainedObject } from './explanation.ts';

/** Its AIRoute, its AIKey, the AIProviders of the targets that were looked at, and every AIPolicy and AIBudget, since all that bind the workload were asked. */
export function objectsOf(
  { understood, selection, log }: DryRun,
  route: CompiledRoute | undefined,
): readonly ExplainedObject[] {
  const targets = [
    ...(selection?.candidates ?? []).map(({ target }) => target),
    ...log.leftOut.map(({ target }) => target),
  ];
  const providers = new Set(targets.map(({ provider }) => provider.policy.key));
  const decides = ({ kind, namespace, name }: PolicySource): boolean => {
    const key = `${namespace}/${name}`;
    if (kind === KIND.route) return key === route?.policy.key;
    if (kind === KIND.key) return key === understood?.caller.key;
    return kind === KIND.provider ? providers.has(key) : true;
  };
  const sources = understood?.snapshot.policy.sources ?? [];
  return sources
    .filter(decides)
    .map(({ kind, namespace, name, generation }) => ({ kind, name: `${namespace}/${name}`, generation }));
}
