/** What the owner of an AIPolicy should know of it, though nothing is wrong: where it can bind nobody, and what none can satisfy. */
import type { AIPolicy } from '#contract/resources/ai-policy';
import { contentsOf, type Snapshot } from './snapshot.ts';

export const policyNotes = (policy: AIPolicy, snapshot: Snapshot): string[] => [
  ...elsewhereNotes(policy, snapshot),
  ...uncarriedNotes(policy, snapshot),
];

function elsewhereNotes({ metadata, spec }: AIPolicy, { platformNamespaces }: Snapshot): string[] {
  const { namespaces = [] } = spec.appliesTo ?? {};
  if (namespaces.length === 0 || platformNamespaces.has(metadata.namespace)) return [];
  const others = namespaces.filter((name) => name !== metadata.namespace);
  if (others.length === 0) return [];
  return [
    `spec.appliesTo.namespaces: never applies in ${others.join(', ')}, since outside the platform namespaces an AIPolicy covers its own namespace only`,
  ];
}

/** All of an entry must be carried by one AIProvider. */
function uncarriedNotes({ spec }: AIPolicy, snapshot: Snapshot): string[] {
  const carried = contentsOf(snapshot, 'AIProvider')
    .filter(({ metadata }) => snapshot.platformNamespaces.has(metadata.namespace))
    .map((provider) => new Set(provider.spec.tags));
  return spec.require.flatMap(({ tags }, index) =>
    carried.some((held) => tags.every((tag) => held.has(tag)))
      ? []
      : [
          `spec.require[${index}].tags: no AIProvider of a platform namespace carries ${tags.join(' and ')}, so every request that this holds for is refused`,
        ],
  );
}
