/**
 * Rewrites a zod schema into a structural OpenAPI v3 schema as Kubernetes takes it. What it cannot say there faithfully is refused with
 * the path of the field, so that nothing is lost in silence.
 */
import { RE2JS } from 're2js';
import { z } from 'zod';
import type { CelRule, KubernetesMeta } from '#contract/resources/validation';

/** The part of Kubernetes' JSONSchemaProps that we generate. */
export interface StructuralSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  description?: string;
  default?: unknown;
  enum?: readonly string[];
  format?: 'int64';
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  pattern?: string;
  required?: readonly string[];
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  'x-kubernetes-validations'?: readonly CelRule[];
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-int-or-string'?: true;
}

/** What `z.toJSONSchema` writes: an open record, so that an unknown keyword is seen and refused. */
type JsonNode = Readonly<Record<string, unknown>>;

/** Keywords that mean the same in Kubernetes, in the order in which they are printed. */
const COPIED = [
  'description',
  'type',
  'enum',
  'default',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
] as const;
const REWRITTEN = new Set(['minimum', 'maximum', 'properties', 'additionalProperties', 'items', 'x-kubernetes']);
const TYPES = new Set(['object', 'array', 'string', 'integer', 'boolean']);

const REASONS: Readonly<Record<string, string>> = {
  $ref: 'a schema with an id or a cycle becomes $ref: leave the id out and write the type in place',
  anyOf: 'a union is not structural: use an enum with sibling fields and a CEL rule, or intOrString',
  oneOf: 'a union is not structural: use an enum with sibling fields and a CEL rule',
  allOf: 'an intersection is not structural: write one schema',
  pattern: 'a bare pattern gives users a regular expression to read: use matching() with a sentence',
  nullable: 'null is not a value here: use optional()',
};

/** `self.matches('…')` and its like, the expression still escaped as a CEL literal. */
const CEL_MATCHES = /\.matches\('((?:[^'\\]|\\.)*)'\)/g;

export class NotStructural extends Error {
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.name = 'NotStructural';
  }
}

/** @throws NotStructural where Kubernetes could not hold what the zod schema says. */
export function structuralSchema(schema: z.ZodType, path: string): StructuralSchema {
  // What stands under `definitions` is refused at the field that refers to it.
  const { definitions: _, ...node } = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' });
  return rewrite(node, path);
}

function rewrite(node: JsonNode, path: string): StructuralSchema {
  const meta = (node['x-kubernetes'] ?? {}) as KubernetesMeta;
  if (meta.intOrString === true) return intOrString(node, path);
  for (const keyword of Object.keys(node))
    if (!REWRITTEN.has(keyword) && !COPIED.some((copied) => copied === keyword))
      throw new NotStructural(path, REASONS[keyword] ?? `the keyword ${keyword} has no counterpart in a CRD`);
  if (!TYPES.has(String(node.type))) throw new NotStructural(path, `the type ${node.type} has no counterpart in a CRD`);
  return {
    ...copied(node),
    ...integerOf(node),
    ...objectOf(node, path),
    ...arrayOf(node, meta, path),
    ...validationsOf(meta, path),
  };
}

function copied(node: JsonNode): StructuralSchema {
  const stated = COPIED.filter(
    (keyword) => node[keyword] !== undefined && !(keyword === 'minItems' && node[keyword] === 0),
  );
  return Object.fromEntries(stated.map((keyword) => [keyword, node[keyword]]));
}

/** zod bounds every integer by what a double can hold, which says nothing to a user. */
function integerOf(node: JsonNode): StructuralSchema {
  if (node.type !== 'integer') return {};
  const bound = (keyword: 'minimum' | 'maximum') => {
    const value = node[keyword];
    return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? { [keyword]: value } : {};
  };
  return { format: 'int64', ...bound('minimum'), ...bound('maximum') };
}

function objectOf(node: JsonNode, path: string): StructuralSchema {
  if (node.type !== 'object') return {};
  const properties = node.properties as Record<string, JsonNode> | undefined;
  const values = node.additionalProperties;
  if (values === undefined) {
    const entries = Object.entries(properties ?? {}).map(([name, child]) => [name, rewrite(child, `${path}.${name}`)]);
    return entries.length > 0 ? { properties: Object.fromEntries(entries) } : {};
  }
  if (properties !== undefined)
    throw new NotStructural(path, 'additionalProperties beside properties is not structural: use a plain object');
  return { additionalProperties: rewrite(values as JsonNode, `${path}.*`) };
}

function arrayOf(node: JsonNode, meta: KubernetesMeta, path: string): StructuralSchema {
  if (node.type !== 'array') return {};
  if (meta.listType === undefined)
    throw new NotStructural(path, 'a list needs a list type: use setOf, mapOf or atomicListOf');
  const keys = meta.listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': meta.listMapKeys };
  return { items: rewrite(node.items as JsonNode, `${path}[]`), 'x-kubernetes-list-type': meta.listType, ...keys };
}

/**
 * The union itself vanishes: Kubernetes has a keyword for exactly this one, under which the bounds of both members stand side by side.
 * CEL would give a better sentence, but before Kubernetes 1.34 its cost is reckoned as if the string had no longest length.
 */
function intOrString(node: JsonNode, path: string): StructuralSchema {
  const members = (node.anyOf ?? []) as readonly JsonNode[];
  const whole = members.find(({ type }) => type === 'integer');
  const text = members.find(({ type }) => type === 'string');
  if (members.length !== 2 || whole === undefined || text === undefined)
    throw new NotStructural(path, 'intOrString needs a union of an integer and a string');
  const { minimum, maximum } = integerOf(whole);
  const { maxLength } = copied(text);
  const pattern = typeof text.pattern === 'string' ? text.pattern : undefined;
  if (minimum === undefined || maximum === undefined || maxLength === undefined || pattern === undefined)
    throw new NotStructural(
      path,
      'intOrString needs bounds of its integer, and a longest length and a pattern of its string',
    );
  checkRe2(pattern, path);
  return { ...copied(node), minimum, maximum, maxLength, pattern, 'x-kubernetes-int-or-string': true };
}

function validationsOf(meta: KubernetesMeta, path: string): StructuralSchema {
  if (meta.validations === undefined) return {};
  for (const { rule } of meta.validations)
    for (const [, literal = ''] of rule.matchAll(CEL_MATCHES)) checkRe2(literal.replace(/\\(.)/g, '$1'), path);
  return { 'x-kubernetes-validations': meta.validations };
}

function checkRe2(expression: string, path: string): void {
  try {
    RE2JS.compile(expression);
  } catch (cause) {
    throw new NotStructural(
      path,
      `RE2 does not understand ${expression}: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
}
