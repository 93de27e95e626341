/**
 * Field schemas shared by the kinds. What Kubernetes understands beyond zod (CEL rules, list types, int-or-string) rides in
 * `meta({'x-kubernetes': …})` and is read by the CRD generator; every zod refinement has its CEL twin there.
 */
import { z } from 'zod';

/** One CEL rule: the expression over `self`, and the sentence a user reads when it fails. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

export interface KubernetesMeta {
  readonly validations?: readonly CelRule[];
  readonly listType?: 'map' | 'set' | 'atomic';
  readonly listMapKeys?: readonly string[];
  readonly intOrString?: boolean;
}

/** Attaches Kubernetes schema extensions to a zod schema. */
export const kubernetes = (meta: KubernetesMeta): { 'x-kubernetes': KubernetesMeta } => ({ 'x-kubernetes': meta });

export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** An RFC 1123 label, at most 63 characters. */
export const dnsLabel = (description: string) => z.string().min(1).max(63).regex(DNS_LABEL).describe(description);

/** A Gateway API duration (GEP-2257): `30s`, `1h30m`, `500ms`; up to four units, each up to five digits. */
export const duration = (description: string) =>
  z
    .string()
    .max(32)
    .regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/)
    .describe(description);

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a Gateway API duration. */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g))
    total += Number(digits) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}

/** US dollars as a whole number or a decimal string (`50`, `"0.50"`), at most nine decimals. */
export const usd = (description: string) =>
  z
    .union([
      z.number().int().min(0).max(1_000_000_000),
      z
        .string()
        .max(24)
        .regex(/^[0-9]{1,10}(\.[0-9]{1,9})?$/),
    ])
    .describe(description)
    .meta(
      kubernetes({
        intOrString: true,
        validations: [
          {
            rule: "type(self) == int ? self >= 0 && self <= 1000000000 : self.matches('^[0-9]{1,10}(\\\\.[0-9]{1,9})?$')",
            message: 'must be US dollars as a whole number or a decimal string such as "0.50"',
          },
        ],
      }),
    );

/** `provider/model`, split at the first slash. */
export const modelReference = z
  .string()
  .min(3)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[^\s]+$/)
  .describe(
    'The AIProvider and its model, as `provider/model`, split at the first slash. `provider/*` passes the asked name on.',
  );

export const tag = z.string().min(1).max(63).regex(DNS_LABEL);

/** metav1.Condition. */
export const condition = z.object({
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
export type ObjectMeta = z.infer<typeof objectMeta>;

/** How the API server and `kubectl` name and show a kind. */
export interface KindDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly printerColumns: readonly PrinterColumn[];
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  /** Shown only with `-o wide` when above 0. */
  readonly priority?: number;
}

export const AGE_COLUMN: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
