/** What an object states that cannot come to be where it stands: only platform namespaces reach beyond themselves. By the object alone. */
import type { AIBudget } from '#contract/resources/ai-budget';
import type { AIKey } from '#contract/resources/ai-key';
import type { AIPolicy } from '#contract/resources/ai-policy';
import type { AIProvider } from '#contract/resources/ai-provider';
import type { Resource } from '#contract/resources/kinds';
import type { Limit } from '#contract/resources/limit';
import { KEY_SCOPES } from '#contract/resources/limit-names';

export function scopeNotes(object: Resource, platformNamespaces: ReadonlySet<string>): string[] {
  if (platformNamespaces.has(object.metadata.namespace)) return [];
  switch (object.kind) {
    case 'AIProvider':
      return providerNotes(object, platformNamespaces);
    case 'AIBudget':
      return budgetNotes(object);
    case 'AIPolicy':
      return policyNotes(object);
    case 'AIKey':
      return keyNotes(object, platformNamespaces);
    case 'AIRoute':
      return [];
  }
}

/** A team must not book what it spends on another. */
function keyNotes(key: AIKey, platformNamespaces: ReadonlySet<string>): string[] {
  const { spec } = key;
  const platform = [...platformNamespaces].sort().join(', ');
  const stated = KEY_SCOPES.filter((scope) => spec.identity?.[scope] !== undefined).map(
    (scope) =>
      `spec.identity.${scope}: ignored, since outside the platform namespaces (${platform}) an AIKey names the user only; the ${scope} stays that of the pods`,
  );
  return [...stated, ...budgetNotes(key)];
}

function providerNotes({ spec }: AIProvider, platformNamespaces: ReadonlySet<string>): string[] {
  const platform = [...platformNamespaces].sort().join(', ');
  const { tags, allowedNamespaces } = spec;
  return [
    ...(tags.length > 0 ? [`spec.tags: ignored, since tags count only from a platform namespace (${platform})`] : []),
    ...(allowedNamespaces.from === 'All'
      ? [`spec.allowedNamespaces.from: All is honoured only in a platform namespace (${platform}); treated as Same`]
      : []),
  ];
}

const budgetNotes = ({ kind, metadata, spec }: AIBudget | AIKey): string[] =>
  spec.limits.flatMap(({ match }, index) =>
    foreignFields(match, metadata.namespace).map(
      (field) =>
        `spec.limits[${index}].match.${field}: never applies, since outside the platform namespaces an ${kind} covers its own namespace only`,
    ),
  );

function foreignFields({ namespace, workload = '' }: Limit['match'], own: string): string[] {
  const isForeign = workload.includes('/') && !workload.startsWith(`${own}/`);
  return [...(namespace !== undefined && namespace !== own ? ['namespace'] : []), ...(isForeign ? ['workload'] : [])];
}

function policyNotes({ metadata, spec }: AIPolicy): string[] {
  const others = (spec.appliesTo?.namespaces ?? []).filter((name) => name !== metadata.namespace);
  if (others.length === 0) return [];
  return [
    `spec.appliesTo.namespaces: never applies in ${others.join(', ')}, since outside the platform namespaces an AIPolicy covers its own namespace only`,
  ];
}
