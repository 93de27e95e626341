/** `docs/reference/resources.md`: every field of every kind, read from the very schema that the API server holds. */
import { API_GROUP_VERSION } from '#contract/names/api';
import type { KindDefinition } from '#contract/resources/fields';
import { ALL_KINDS } from '#contract/resources/kinds';
import { kindSchema } from './crd/custom-resource-definition.ts';
import type { StructuralSchema } from './crd/structural-schema.ts';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
}

/** All fields below a schema, parents first. List items are written `name[]`. */
function fieldsOf(schema: StructuralSchema, path: string): Field[] {
  const members = schema.items ?? schema;
  const prefix = schema.items === undefined ? path : `${path}[]`;
  return Object.entries(members.properties ?? {}).flatMap(([name, child]) => {
    const field = { path: `${prefix}.${name}`, schema: child, required: members.required?.includes(name) ?? false };
    return [field, ...fieldsOf(child, field.path)];
  });
}

function typeOf(schema: StructuralSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  return schema.type ?? '';
}

function rangeOf(low: number | undefined, high: number | undefined, unit: string): string[] {
  if (low === undefined && high === undefined) return [];
  if (low === undefined) return [`≤ ${high}${unit}`];
  return [high === undefined ? `≥ ${low}${unit}` : `${low}–${high}${unit}`];
}

function boundsOf(schema: StructuralSchema): string {
  const items = schema.items === undefined ? '' : boundsOf(schema.items);
  return [
    ...rangeOf(schema.minimum, schema.maximum, ''),
    ...(schema.pattern === undefined ? rangeOf(schema.minLength, schema.maxLength, ' characters') : []),
    ...(schema.pattern === undefined ? [] : [code(schema.pattern)]),
    ...rangeOf(schema.minItems, schema.maxItems, ' items'),
    ...(schema['x-kubernetes-list-type'] === 'set' ? ['no duplicates'] : []),
    ...(schema['x-kubernetes-list-map-keys'] ?? []).map((key) => `one per ${code(key)}`),
    ...(items === '' ? [] : [`each ${items}`]),
  ].join(', ');
}

function row({ path, schema, required }: Field): string[] {
  const byDefault = required ? '*required*' : code(schema.default === undefined ? '' : JSON.stringify(schema.default));
  return [code(path), typeOf(schema), byDefault, boundsOf(schema), schema.description ?? ''];
}

function rulesOf({ path, schema }: Omit<Field, 'required'>): string[][] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ rule, message }) => [code(path), message, code(rule)]);
  return schema.items === undefined ? own : [...own, ...rulesOf({ path: `${path}[]`, schema: schema.items })];
}

function section(kind: KindDefinition): string {
  const schema = kindSchema(kind);
  const columns = ['Field', 'Type', 'Default', 'Bounds', 'Meaning'];
  const { spec = {}, status } = schema.properties ?? {};
  const fields = fieldsOf(spec, 'spec');
  const rules = [{ path: kind.kind, schema }, { path: 'spec', schema: spec }, ...fields].flatMap(rulesOf);
  const short = kind.shortNames.map((name) => `, short name ${code(name)}`).join('');
  return page(
    `## ${kind.kind}`,
    `${kind.description} Plural ${code(kind.plural)}${short}.`,
    table(columns, fields.map(row)),
    ...(rules.length > 0 ? ['Rules:', table(['Where', 'Sentence', 'CEL'], rules)] : []),
    ...(status === undefined ? [] : ['Status:', table(columns, fieldsOf(status, 'status').map(row))]),
  );
}

export function resourcesPage(): Map<string, string> {
  const intro =
    `API version ${code(API_GROUP_VERSION)}, category ${code('ai')} (${code('kubectl get ai')}). The API server holds all of this itself; ` +
    'the standalone proxy holds the same where it reads files. Durations are Gateway API durations.';
  const text = page(MARKDOWN_BANNER, '# Resources', intro, ...ALL_KINDS.map(section));
  return new Map([['docs/reference/resources.md', text]]);
}
