/** RFC 6902 operations as admission writes them: only `add`, `replace` and `remove`, built by hand so that nothing else is touched. */

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** A JSON Pointer (RFC 6901) of unescaped parts. */
export const pointer = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Sets keys of a map that may be absent. Keys that have the value already are left out. */
export function setKeys(
  path: string,
  current: Readonly<Record<string, string>> | null | undefined,
  wanted: Readonly<Record<string, string>>,
): PatchOperation[] {
  const changed = Object.entries(wanted).filter(([key, value]) => current?.[key] !== value);
  if (changed.length === 0) return [];
  if (current === null || current === undefined) return [{ op: 'add', path, value: Object.fromEntries(changed) }];
  // `add` on an existing key replaces it (RFC 6902, 4.1).
  return changed.map(([key, value]) => ({ op: 'add', path: `${path}${pointer(key)}`, value }));
}

/** Appends to a list that may be absent. */
export function append(
  path: string,
  current: readonly unknown[] | null | undefined,
  items: readonly unknown[],
): PatchOperation[] {
  if (items.length === 0) return [];
  if (current === null || current === undefined) return [{ op: 'add', path, value: items }];
  return items.map((value) => ({ op: 'add', path: `${path}/-`, value }));
}
