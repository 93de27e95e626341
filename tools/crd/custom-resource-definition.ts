/** The CustomResourceDefinition of a kind, as an object and as YAML. */
import { stringify } from 'yaml';
import { API_GROUP, API_VERSION } from '#contract/names/api';
import type { KindDefinition } from '#contract/resources/fields';
import { type StructuralSchema, structuralSchema } from './structural-schema.ts';

/** Every kind that users write answers to `kubectl get ai`. */
const CATEGORY = 'ai';

/** The whole schema of a kind. A status without fields is left out, and with it the status subresource. */
export function kindSchema(kind: KindDefinition): StructuralSchema {
  const status = structuralSchema(kind.status, `${kind.kind}.status`);
  const hasStatus = status.properties !== undefined;
  return {
    description: kind.description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(kind.spec, `${kind.kind}.spec`),
      ...(hasStatus ? { status: { description: 'Written by the operator.', ...status } } : {}),
    },
    ...(kind.validations === undefined ? {} : { 'x-kubernetes-validations': kind.validations }),
  };
}

export function customResourceDefinition(kind: KindDefinition): Readonly<Record<string, unknown>> {
  const schema = kindSchema(kind);
  const hasStatus = schema.properties?.status !== undefined;
  const shortNames = kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {};
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        ...shortNames,
        ...(hasStatus ? { categories: [CATEGORY] } : {}),
      },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          ...(hasStatus ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: kind.printerColumns,
        },
      ],
    },
  };
}

/** YAML with no anchors and no folded lines, so that a diff shows what changed. */
export const toYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
