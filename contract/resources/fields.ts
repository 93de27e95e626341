/** Field schemas shared by the kinds, each with its bounds and the sentence a user reads when a value does not fit. */
import { z } from 'zod';
import { type CelRule, celMatches, kubernetes, matching, withRules } from './validation.ts';

export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SECRET_KEY = /^[-._a-zA-Z0-9]+$/;

const label = matching(
  DNS_LABEL,
  63,
  'must be lower-case letters, digits and "-", beginning and ending with a letter or digit',
);

/** An RFC 1123 label, at most 63 characters. */
export const dnsLabel = (description: string) => label.describe(description);

/** The name of most Kubernetes objects: RFC 1123 labels joined by dots, at most 253 characters. */
export const objectName = (description: string) =>
  matching(
    DNS_SUBDOMAIN,
    253,
    'must be lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit',
  ).describe(description);

/** The value of a Kubernetes label; not empty. */
export const labelValue = (description: string) =>
  matching(
    LABEL_VALUE,
    63,
    'must be the value of a label: letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
  ).describe(description);

export const secretKey = matching(SECRET_KEY, 253, 'must be the key of a Secret: letters, digits, "-", "_" and "."');

/** A model name as clients write it. */
export const modelName = matching(/^[!-~]+$/, 253, 'must be printable ASCII without spaces');

const DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;
/** Longer deadlines are surely a slip, and a timer of Node holds at most 24.8 days. */
const MAX_DURATION_MS = 24 * 3_600_000;

/** A Gateway API duration (GEP-2257): `30s`, `1h30m`, `500ms`; up to four units, each up to five digits; above 0 and at most 24h. */
export const duration = (description: string) =>
  withRules(z.string().min(2).max(32), [
    {
      rule: `${celMatches(DURATION)} && duration(self) > duration('0s') && duration(self) <= duration('24h')`,
      message: 'must be a duration above 0 and at most 24h, such as "30s" or "1h30m"',
      holds: (text) => DURATION.test(text) && durationMs(text) > 0 && durationMs(text) <= MAX_DURATION_MS,
    },
  ]).describe(description);

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a Gateway API duration. */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g))
    total += Number(digits) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}

const USD = /^[0-9]{1,9}([.][0-9]{1,9})?$/;
const USD_SENTENCE = 'must be US dollars below a billion, as a whole number or a decimal string such as "0.50"';

const usdText = z.string().max(24, USD_SENTENCE).regex(USD, USD_SENTENCE);

/** US dollars as a whole number or a decimal string (`50`, `"0.50"`), at most nine decimals. */
export const usd = (description: string) =>
  z
    .union([z.number().int(USD_SENTENCE).min(0, USD_SENTENCE).max(999_999_999, USD_SENTENCE), usdText], USD_SENTENCE)
    .meta(kubernetes({ intOrString: true }))
    .describe(description);

/** Whether there is such a zone says `compile/check-resource.ts`. */
export const timeZone = matching(
  /^[A-Za-z][-+A-Za-z0-9_]*(\/[-+A-Za-z0-9_]+)*$/,
  64,
  'must be the name of a time zone, such as Europe/Berlin',
).default('UTC');

/** `provider/model`, split at the first slash. */
export const modelReference = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[!-~]+$/,
  253,
  'must be "provider/model": the name of an AIProvider, a slash, and a model without spaces',
).describe(
  'The AIProvider and its model, as `provider/model`, split at the first slash. `provider/*` passes the asked name on.',
);

export const tag = label;

/** A condition in CEL. What it may ask and whether it is right is checked where objects are compiled, by `contract/expressions`. */
export const expression = (description: string) => z.string().min(1).max(1024).describe(description);

const LABEL_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MOST_LABELS = 8;

/** Labels of Kubernetes that must all be there with these values. */
export const matchLabels = (description: string) =>
  withRules(z.record(z.string(), labelValue('Value of the label.')), [
    {
      rule: `self.all(name, ${celMatches(LABEL_NAME, 'name')} && size(name) <= 317)`,
      message: 'must be names of labels, such as "app" or "example.com/tier"',
      holds: (labels) => Object.keys(labels).every((name) => LABEL_NAME.test(name) && name.length <= 317),
    },
    {
      rule: 'size(self) > 0',
      message: 'state at least one label',
      holds: (labels) => Object.keys(labels).length > 0,
    },
  ])
    .refine((labels) => Object.keys(labels).length <= MOST_LABELS, { error: `must have at most ${MOST_LABELS} items` })
    .meta({ maxProperties: MOST_LABELS })
    .describe(description);

/** metav1.Condition. */
const condition = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().max(1024),
  message: z.string().max(32768),
  observedGeneration: z.number().int().optional(),
  lastTransitionTime: z.string().max(64),
});
export type Condition = z.infer<typeof condition>;

export const conditions = z
  .array(condition)
  .max(8)
  .optional()
  .meta(kubernetes({ listType: 'map', listMapKeys: ['type'] }));

/** The part of metav1.ObjectMeta that Remora reads. */
export const objectMeta = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  uid: z.string().default(''),
  generation: z.number().int().default(1),
  resourceVersion: z.string().optional(),
  creationTimestamp: z.string().default(''),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** How the API server and `kubectl` name and show a kind. */
export interface KindDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly printerColumns: readonly PrinterColumn[];
  readonly spec: z.ZodType;
  /** Without fields: the kind has no status. */
  readonly status: z.ZodType;
  /** CEL rules over the whole object. */
  readonly validations?: readonly CelRule[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  /** Shown only with `-o wide` when above 0. */
  readonly priority?: number;
}

export const AGE_COLUMN: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
