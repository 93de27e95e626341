/** AIPolicy: what the organisation insists on. A route can add to it, never loosen it. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { AGE_COLUMN, conditions, dnsLabel, type KindDefinition, kubernetes, objectMeta, tag } from './fields.ts';

export const DETECTORS = ['Email', 'CreditCard'] as const;
export type Detector = (typeof DETECTORS)[number];

const modelPattern = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[^\s]+$/);

const guardrail = z
  .object({
    name: dnsLabel('Name of the guardrail within this AIPolicy; refusals and logs name it.'),
    stage: z.enum(['Input', 'Output']).describe('What is inspected: what the app sends, or what the model answers.'),
    detect: z
      .array(z.enum(DETECTORS))
      .max(8)
      .default([])
      .describe('Built-in detectors.')
      .meta(kubernetes({ listType: 'set' })),
    patterns: z
      .array(z.string().min(1).max(512))
      .max(16)
      .default([])
      .describe('RE2 expressions. An output pattern may match at most 256 characters.')
      .meta(kubernetes({ listType: 'set' })),
    action: z.enum(['Mask', 'Block']).describe('Mask replaces what was found by its kind in brackets; Block refuses.'),
    unlessTags: z
      .array(tag)
      .max(16)
      .default([])
      .describe('Targets whose AIProvider carries any of these tags are exempt.')
      .meta(kubernetes({ listType: 'set' })),
  })
  .meta(
    kubernetes({
      validations: [
        {
          rule: '(has(self.detect) && size(self.detect) > 0) || (has(self.patterns) && size(self.patterns) > 0)',
          message: 'state at least one of detect and patterns',
        },
      ],
    }),
  );

export const aiPolicySpec = z
  .object({
    models: z
      .object({
        allow: z
          .array(modelPattern)
          .max(64)
          .default([])
          .describe(
            'Only targets that match one of these, as `provider/model` with `*` for any run of characters. Empty: all.',
          )
          .meta(kubernetes({ listType: 'set' })),
        deny: z
          .array(modelPattern)
          .max(64)
          .default([])
          .describe('Targets that match one of these are never used. Wins over allow.')
          .meta(kubernetes({ listType: 'set' })),
      })
      .optional()
      .describe('Which models may be used.'),
    guardrails: z
      .array(guardrail)
      .max(16)
      .default([])
      .describe('Inspected in order.')
      .meta(kubernetes({ listType: 'map', listMapKeys: ['name'] })),
  })
  .meta(
    kubernetes({
      validations: [
        {
          rule: 'has(self.models) || (has(self.guardrails) && size(self.guardrails) > 0)',
          message: 'state at least one of models and guardrails',
        },
      ],
    }),
  );

export const aiPolicyStatus = z.object({ observedGeneration: z.number().int().optional(), conditions });

export const aiPolicy = z.object({
  kind: z.literal(KIND.policy),
  metadata: objectMeta,
  spec: aiPolicySpec,
  status: aiPolicyStatus.optional(),
});
export type AIPolicy = z.infer<typeof aiPolicy>;
export type AIPolicyGuardrail = z.infer<typeof guardrail>;

export const AI_POLICY: KindDefinition = {
  kind: KIND.policy,
  plural: 'aipolicies',
  shortNames: ['aipol'],
  description: 'AIPolicy is what the organisation insists on.',
  printerColumns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    AGE_COLUMN,
  ],
  spec: aiPolicySpec,
  status: aiPolicyStatus,
};
