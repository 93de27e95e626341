/** What the owner of an AIPolicy should know of it, though nothing is wrong with it: what other objects do not give it. */
import type { AIPolicy } from '#contract/resources/ai-policy';
import { contentsOf, type Snapshot } from './snapshot.ts';

export const policyNotes = ({ spec }: AIPolicy, snapshot: Snapshot): string[] =>
  tagNotes(
    spec.require.map(({ tags }, index) => ({ field: `spec.require[${index}].tags`, tags })),
    snapshot,
  );

interface StatedTags {
  readonly field: string;
  readonly tags: readonly string[];
}

/** All of an entry must be carried by one AIProvider. */
export function tagNotes(stated: readonly StatedTags[], snapshot: Snapshot): string[] {
  const carried = contentsOf(snapshot, 'AIProvider')
    .filter(({ metadata }) => snapshot.platformNamespaces.has(metadata.namespace))
    .map((provider) => new Set(provider.spec.tags));
  return stated.flatMap(({ field, tags }) =>
    carried.some((held) => tags.every((tag) => held.has(tag)))
      ? []
      : [
          `${field}: no AIProvider of a platform namespace carries ${tags.join(' and ')}, so every request that this holds for is refused`,
        ],
  );
}
