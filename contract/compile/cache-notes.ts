/** What the owner of an AIRoute should know of its cache: which of its rules never use it. By the object alone. */
import type { AIRoute } from '#contract/resources/ai-route';

export function cacheNotes({ spec }: AIRoute): string[] {
  if (spec.cache?.mode !== 'Exact') return [];
  const rules = spec.rules ?? [{ variants: spec.variants }];
  const measured = rules.flatMap(({ variants = [] }, index) => (variants.length > 0 ? [index] : []));
  if (measured.length === 0) return [];
  const which = spec.rules === undefined ? 'requests' : `requests of rules ${measured.join(', ')}`;
  return [`spec.cache: ${which} are not cached, since each answer is measured for their variants`];
}
