/** The schema of the chart's values as zod, and the JSON Schema that helm checks them against: a misspelt value fails at install. */
import { z } from 'zod';

const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const quantities = z.record(z.string(), z.union([z.string(), z.number()]));

const values = z.strictObject({
  crds: z.strictObject({ enabled: z.boolean() }),
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string(),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(z.string().min(1)),
  }),
  replicas: z.int().min(1).max(20),
  platformNamespaces: z.array(z.string().min(1).max(63)),
  logLevel,
  resources: z.strictObject({ requests: quantities.optional(), limits: quantities.optional() }),
  sidecar: z.strictObject({ logLevel }),
  otlp: z.strictObject({ endpoint: z.union([z.literal(''), z.string().regex(/^https?:\/\/[^\s]+$/)]) }),
  nodeSelector: z.record(z.string(), z.string()),
  tolerations: z.array(z.looseObject({})),
  priorityClassName: z.string(),
  // Helm passes these to every chart.
  global: z.looseObject({}).optional(),
});

export const VALUES_SCHEMA_PATH = 'charts/remora/values.schema.json';

/** File text by path in the repository. */
export function valuesSchemaFile(): ReadonlyMap<string, string> {
  const schema = z.toJSONSchema(values, { target: 'draft-7', io: 'input' });
  return new Map([[VALUES_SCHEMA_PATH, `${JSON.stringify(schema, null, 2)}\n`]]);
}
