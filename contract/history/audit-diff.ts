/** What differs between two states of an object, as a bounded list of JSON Pointers with both values. Pure. */
import { canonicalJson, type Json } from '#contract/policy/canonical-json';
import { type AuditChange, MAX_CHANGE_CHARS, MAX_CHANGES } from './audit.ts';

export interface Difference {
  readonly changes: readonly AuditChange[];
  /** Changes beyond the bound. */
  readonly omitted: number;
}

/** All changes of one record together. */
const MAX_CHARS = 16_384;

/** undefined: there is none. Entries of lists that have names are compared by name, wherever they stand. */
export function differenceOf(from: Json | undefined, to: Json | undefined, path: string): Difference {
  const changes: AuditChange[] = [];
  let omitted = 0;
  let chars = 0;
  for (const change of changesOf(path, from, to)) {
    chars += change.path.length + (change.from?.length ?? 0) + (change.to?.length ?? 0);
    if (changes.length < MAX_CHANGES && chars <= MAX_CHARS) changes.push(change);
    else omitted += 1;
  }
  return { changes, omitted };
}

type JsonObject = { readonly [key: string]: Json | undefined };
type Named = JsonObject & { readonly name: string };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isEqual = (a: Json | undefined, b: Json | undefined): boolean =>
  (a === undefined) === (b === undefined) && canonicalJson(a) === canonicalJson(b);

function* changesOf(path: string, from: Json | undefined, to: Json | undefined): Generator<AuditChange> {
  if (isObject(from) && isObject(to)) yield* ofMembers(path, from, to);
  else if (isNamed(from) && isNamed(to)) yield* ofNamed(path, from, to);
  else if (isList(from) && isList(to)) yield* ofItems(path, from, to);
  else if (!isEqual(from, to)) yield changeOf(path, from, to);
}

function* ofMembers(path: string, from: JsonObject, to: JsonObject): Generator<AuditChange> {
  for (const key of [...new Set([...Object.keys(from), ...Object.keys(to)])].sort())
    yield* changesOf(below(path, key), from[key], to[key]);
}

function isNamed(list: Json | undefined): list is readonly Named[] {
  if (!isList(list)) return false;
  const names = list.map((item) => (isObject(item) ? item.name : undefined));
  return names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
}

function* ofNamed(path: string, from: readonly Named[], to: readonly Named[]): Generator<AuditChange> {
  const [before, after] = [placesOf(from), placesOf(to)];
  for (const [name, index] of before) if (!after.has(name)) yield changeOf(below(path, index), from[index], undefined);
  for (const [name, index] of after) yield* changesOf(below(path, index), from[before.get(name) ?? -1], to[index]);
  // Of some lists the order counts.
  const stay = ([...names]: Iterable<string>): string[] => names.filter((name) => before.has(name) && after.has(name));
  const [was, is] = [stay(before.keys()), stay(after.keys())];
  if (!isEqual(was, is)) yield changeOf(path, was, is);
}

const placesOf = (list: readonly Named[]): Map<string, number> => new Map(list.map(({ name }, index) => [name, index]));

/** What begins and ends both lists is left out, so that one item more is one change. */
function* ofItems(path: string, from: readonly Json[], to: readonly Json[]): Generator<AuditChange> {
  let start = 0;
  while (start < Math.min(from.length, to.length) && isEqual(from[start], to[start])) start += 1;
  let end = 0;
  const rest = Math.min(from.length, to.length) - start;
  while (end < rest && isEqual(from.at(-1 - end), to.at(-1 - end))) end += 1;
  const [fromEnd, toEnd] = [from.length - end, to.length - end];
  for (let index = start; index < Math.max(fromEnd, toEnd); index += 1)
    yield* changesOf(
      below(path, index),
      index < fromEnd ? from[index] : undefined,
      index < toEnd ? to[index] : undefined,
    );
}

const below = (path: string, key: string | number): string =>
  `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

const changeOf = (path: string, from: Json | undefined, to: Json | undefined): AuditChange => ({
  path: cut(path),
  ...(from !== undefined && { from: cut(canonicalJson(from)) }),
  ...(to !== undefined && { to: cut(canonicalJson(to)) }),
});

const CUT = '...';
const cut = (text: string): string =>
  text.length <= MAX_CHANGE_CHARS ? text : `${text.slice(0, MAX_CHANGE_CHARS - CUT.length).toWellFormed()}${CUT}`;
