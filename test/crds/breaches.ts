/** For every bound of a kind's schema, an object that breaks this bound alone: made from the accept cases, so that no bound is forgotten. */
import type { KindDefinition } from '#contract/resources/fields';
import { kindSchema } from '#tools/crd/custom-resource-definition';
import type { StructuralSchema } from '#tools/crd/structural-schema';
import type { Written } from './cases.ts';

type Step = string | number;
type Edit = (value: unknown, name: string) => unknown;

export interface Breach {
  /** `spec.limits[0].name maxLength`. */
  readonly name: string;
  /** As the API server writes it. */
  readonly path: string;
  readonly object: Written;
  /** What the API server's message must say. */
  readonly message: RegExp;
}

interface Bound {
  readonly name: string;
  readonly edit: Edit;
  readonly message: RegExp;
}

const MISSING = Symbol('missing');

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** `count` items like the first, each with a name of its own where the items have names. */
function many(value: unknown, count: number): unknown[] {
  const [first] = list(value);
  return Array.from({ length: count }, (_, index) => {
    if (typeof first === 'string') return `${first}${index}`;
    return typeof first === 'object' && first !== null && 'name' in first ? { ...first, name: `a${index}` } : first;
  });
}

function scalarBounds(schema: StructuralSchema): Bound[] {
  const { minLength, maxLength, minimum, maximum, pattern } = schema;
  const bounds: Bound[] = [];
  const add = (name: string, edit: Edit, message: RegExp) => bounds.push({ name, edit, message });
  if (minLength !== undefined) add('minLength', () => 'a'.repeat(minLength - 1), /should be at least \d+ chars long/);
  if (maxLength !== undefined) add('maxLength', () => '1'.repeat(maxLength + 1), /may not be more than \d+ bytes/);
  if (minimum !== undefined) add('minimum', () => minimum - 1, /should be greater than or equal to/);
  if (maximum !== undefined) add('maximum', () => maximum + 1, /should be less than or equal to/);
  if (pattern !== undefined) add('pattern', () => '?', /should match/);
  if (schema.enum !== undefined) add('enum', () => 'Nonesuch', /supported values: "/);
  return bounds;
}

function otherBounds(schema: StructuralSchema): Bound[] {
  const { minItems, maxItems } = schema;
  const bounds: Bound[] = [];
  const add = (name: string, edit: Edit, message: RegExp) => bounds.push({ name, edit, message });
  if (minItems !== undefined) add('minItems', () => [], /should have at least \d+ items/);
  if (maxItems !== undefined) add('maxItems', (value) => many(value, maxItems + 1), /must have at most \d+ items/);
  if (schema['x-kubernetes-list-type'] === 'set' || schema['x-kubernetes-list-type'] === 'map')
    add('duplicate', (value) => [...list(value), list(value)[0]], /Duplicate value/);
  add(
    'type',
    () => ({ integer: 'a', string: 1, array: 'a', object: 'a', boolean: 'a' })[schema.type as string] ?? true,
    /must be of type/,
  );
  return bounds;
}

/** The value at a path, or MISSING. */
function at(object: unknown, path: readonly Step[]): unknown {
  let value = object;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !(step in value)) return MISSING;
    value = (value as Record<Step, unknown>)[step];
  }
  return value;
}

/** A deep copy in which the value at a path is edited; to MISSING: removed. */
function edited(object: Written, path: readonly Step[], edit: Edit): Written {
  const copy = structuredClone(object);
  const parent = at(copy, path.slice(0, -1)) as Record<Step, unknown>;
  const last = path.at(-1) ?? '';
  const value = edit(parent[last], String(last));
  if (value === MISSING) delete parent[last];
  else parent[last] = value;
  return copy;
}

const written = (path: readonly Step[]): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');

function* breachesAt(schema: StructuralSchema, path: readonly Step[], examples: readonly Written[]): Generator<Breach> {
  const example = examples.find((candidate) => at(candidate, path) !== MISSING);
  if (example === undefined) throw new Error(`no accept case states ${written(path)}`);
  for (const { name, edit, message } of [...scalarBounds(schema), ...otherBounds(schema)])
    yield { name: `${written(path)} ${name}`, path: written(path), object: edited(example, path, edit), message };
  const members = schema.items ?? schema;
  const below = schema.items === undefined ? path : [...path, 0];
  if (schema.items !== undefined && schema.items.properties === undefined)
    yield* breachesAt(schema.items, below, examples);
  for (const name of members.required ?? []) {
    const removed = [...below, name];
    const owner = examples.find((candidate) => at(candidate, below) !== MISSING) ?? example;
    const object = edited(owner, removed, () => MISSING);
    yield { name: `${written(removed)} required`, path: written(removed), object, message: /Required value/ };
  }
  for (const [name, child] of Object.entries(members.properties ?? {}))
    yield* breachesAt(child, [...below, name], examples);
}

/** One object per bound below `spec`. Throws when the accept cases leave a field out. */
export function breachesOf(kind: KindDefinition, examples: readonly Written[]): Breach[] {
  const spec = kindSchema(kind).properties?.spec ?? {};
  return [...breachesAt(spec, ['spec'], examples)];
}
