/** The schema of the chart's values as zod, and the JSON Schema that helm checks them against: a misspelt value fails at install. */
import { z } from 'zod';
import { POSTGRES_HISTORY } from '#history/postgres/postgres-history';
import { GRANT_STORES } from '#treasury/stores/index';

const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const quantities = z.record(z.string(), z.union([z.string(), z.number()]));

/** In a pod only what replicas share; the operator says why at its start. */
const storeUrl = new RegExp(
  GRANT_STORES.filter(({ shared }) => shared)
    .map(({ pattern }) => pattern.source)
    .join('|'),
);
const secretKey = z.string().min(1);
const grantStore = z.union([
  z.strictObject({
    url: z.string().regex(storeUrl),
    secretRef: z.strictObject({ name: z.literal(''), key: secretKey }),
  }),
  z.strictObject({ url: z.literal(''), secretRef: z.strictObject({ name: z.string().min(1), key: secretKey }) }),
]);

const historyUrl = new RegExp(`^sqlite:$|^none:$|${POSTGRES_HISTORY.pattern.source}`);
const historyRest = {
  auditDays: z.int().min(1).max(36_500),
  persistence: z.strictObject({
    enabled: z.boolean(),
    size: z.string().regex(/^[1-9][0-9]*(Mi|Gi|Ti)$/),
    storageClass: z.string(),
    existingClaim: z.string().max(253),
  }),
  backup: z.strictObject({ existingClaim: z.string().max(253), keep: z.int().min(1).max(999) }),
  resources: z.strictObject({ requests: quantities.optional(), limits: quantities.optional() }),
};
const history = z.union([
  z.strictObject({
    url: z.string().regex(historyUrl),
    secretRef: z.strictObject({ name: z.literal(''), key: secretKey }),
    ...historyRest,
  }),
  z.strictObject({
    url: z.literal(''),
    secretRef: z.strictObject({ name: z.string().min(1), key: secretKey }),
    ...historyRest,
  }),
]);

const every = z.string().regex(/^([0-9]{1,5}(h|m|s)){1,3}$/);
const noBookRef = z.strictObject({ name: z.literal(''), key: secretKey });
const bookRef = z.strictObject({ name: z.string().min(1).max(253), key: secretKey });
const priceBook = z.union([
  z.strictObject({
    url: z.union([z.literal(''), z.string().regex(/^https?:\/\/[^\s@]+$/)]),
    configMapRef: noBookRef,
    every,
  }),
  z.strictObject({ url: z.literal(''), configMapRef: bookRef, every }),
]);

export const chartValues = z.strictObject({
  crds: z.strictObject({ enabled: z.boolean() }),
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string(),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(z.string().min(1)),
  }),
  replicas: z.int().min(1).max(20),
  grantStore,
  history,
  priceBook,
  platformNamespaces: z.array(z.string().min(1).max(63)),
  logLevel,
  resources: z.strictObject({ requests: quantities.optional(), limits: quantities.optional() }),
  sidecar: z.strictObject({ logLevel, maxRequests: z.int().min(1).max(99_999) }),
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
  const schema = z.toJSONSchema(chartValues, { target: 'draft-7', io: 'input' });
  return new Map([[VALUES_SCHEMA_PATH, `${JSON.stringify(schema, null, 2)}\n`]]);
}
