/** Finds fields that a schema does not know. The API server would drop them silently, so that a slip changes nothing and says nothing. */
import { z } from 'zod';
import { USER_KINDS } from '#contract/resources/kinds';
import type { FieldPath } from './yaml-text.ts';

/** The part of JSON Schema that zod writes for objects and lists. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: boolean | Shape;
  readonly items?: Shape;
}

export interface UnknownField {
  readonly path: FieldPath;
  /** The fields that may stand there. */
  readonly known: readonly string[];
}

const METADATA_FIELDS = [
  'annotations',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'labels',
  'managedFields',
  'name',
  'namespace',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
] as const;
const ANY: Shape = {};
const METADATA: Shape = { properties: Object.fromEntries(METADATA_FIELDS.map((field) => [field, ANY])) };

const SHAPES: ReadonlyMap<string, Shape> = new Map(
  USER_KINDS.map((definition): [string, Shape] => {
    const spec = z.toJSONSchema(definition.spec, { unrepresentable: 'any' }) as Shape;
    return [definition.kind, { properties: { apiVersion: ANY, kind: ANY, metadata: METADATA, spec, status: ANY } }];
  }),
);

/** Of an object of one of our kinds; other kinds have none. */
export const unknownFields = (kind: string, object: unknown): UnknownField[] =>
  walk(SHAPES.get(kind) ?? ANY, object, []);

function walk(shape: Shape, value: unknown, path: FieldPath): UnknownField[] {
  if (typeof value !== 'object' || value === null) return [];
  const { items, properties } = shape;
  if (Array.isArray(value)) return items ? value.flatMap((item, index) => walk(items, item, [...path, index])) : [];
  if (!properties) return [];
  return Object.entries(value).flatMap(([field, content]) => {
    const known = Object.hasOwn(properties, field) ? properties[field] : undefined;
    return known
      ? walk(known, content, [...path, field])
      : [{ path: [...path, field], known: Object.keys(properties) }];
  });
}
