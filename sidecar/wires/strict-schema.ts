/**
 * Whether OpenAI takes a JSON schema with `strict: true`; any other is refused with a 400. Source: platform.openai.com, Structured Outputs,
 * Supported schemas. What is not known to be taken counts as refused.
 */
import type { ResponseFormat } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Losses } from './losses.ts';
import { asArray, asObject } from './read-field.ts';

type JsonSchemaFormat = Extract<ResponseFormat, { readonly type: 'json-schema' }>;

const KEYWORDS = new Set([
  'type',
  'title',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'anyOf',
  '$ref',
  '$defs',
  'definitions',
  'pattern',
  'format',
  'multipleOf',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minItems',
  'maxItems',
]);
const FORMATS = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']);

export const fitsStrict = (schema: JsonObject): boolean =>
  schema.type === 'object' && schema.anyOf === undefined && isFit(schema);

function isFit(value: JsonValue | undefined): boolean {
  const schema = asObject(value);
  if (schema === undefined || Object.keys(schema).some((key) => !KEYWORDS.has(key))) return false;
  const { format, items, anyOf } = schema;
  return (
    (format === undefined || (typeof format === 'string' && FORMATS.has(format))) &&
    isFitObject(schema) &&
    (items === undefined || isFit(items)) &&
    (anyOf === undefined || asArray(anyOf).every(isFit)) &&
    Object.values({ ...asObject(schema.$defs), ...asObject(schema.definitions) }).every(isFit)
  );
}

/** All of its properties are required, and no others may be. */
function isFitObject({ type, properties, required, additionalProperties }: JsonObject): boolean {
  const isObject = type === 'object' || asArray(type).includes('object') || properties !== undefined;
  if (!isObject) return true;
  const named = asObject(properties) ?? {};
  const needed = new Set(asArray(required));
  return additionalProperties === false && Object.keys(named).every((name) => needed.has(name) && isFit(named[name]));
}

/** What to send as `strict`. */
export function strictOf({ schema, strict }: JsonSchemaFormat, losses: Losses): boolean | undefined {
  if (strict !== 'preferred') return strict;
  const isFitting = fitsStrict(schema);
  if (!isFitting) losses.note('response_format.strict');
  return isFitting;
}
