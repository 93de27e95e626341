/** AIPolicy: what the organisation insists on. A route can add to it, never loosen it. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import {
  AGE_COLUMN,
  conditions,
  dnsLabel,
  type KindDefinition,
  labelValue,
  matchLabels,
  objectMeta,
} from './fields.ts';
import { perRequest } from './per-request.ts';
import { aiPolicyPriority } from './policy-priority.ts';
import { aiPolicyGuardrail, aiPolicyModels, aiPolicyRequirement } from './policy-rules.ts';
import { atomicListOf, mapOf, setOf, withRules } from './validation.ts';

const aiPolicyAppliesTo = withRules(
  z.object({
    teams: setOf(labelValue('Value of the label `remora.dev/team`.'), { max: 64 })
      .default([])
      .describe('Workloads of any of these teams. Empty: of whatever team.'),
    namespaces: setOf(dnsLabel('Name of a namespace.'), { max: 64 })
      .default([])
      .describe('Workloads in any of these namespaces. Empty: in whatever namespace.'),
    workloads: z
      .object({ matchLabels: matchLabels('Labels of the pods; all of them.') })
      .optional()
      .describe('Workloads whose pods carry labels. Omitted: whatever they carry.'),
  }),
  [
    {
      rule: '(has(self.teams) && size(self.teams) > 0) || (has(self.namespaces) && size(self.namespaces) > 0) || has(self.workloads)',
      message: 'state at least one of teams, namespaces and workloads',
      holds: ({ teams, namespaces, workloads }) => teams.length + namespaces.length > 0 || workloads !== undefined,
    },
  ],
);

const MODES = ['Enforce', 'Observe'] as const;

const aiPolicySpec = withRules(
  z.object({
    appliesTo: aiPolicyAppliesTo
      .optional()
      .describe('Whom it binds: workloads for which all that is stated here holds. Omitted: every one that it covers.'),
    models: aiPolicyModels.optional().describe('Which models may be used.'),
    require: atomicListOf(aiPolicyRequirement, { max: 16 })
      .default([])
      .describe('Which tags a target must carry: all entries that hold for a request bind it, fallbacks included.'),
    guardrails: mapOf(aiPolicyGuardrail, { max: 16 }).default([]).describe('Inspected in order.'),
    perRequest: perRequest
      .optional()
      .describe('What one request may ask for at most. An AIRoute can allow less, never more.'),
    priority: atomicListOf(aiPolicyPriority, { max: 16 })
      .default([])
      .describe(
        'Whose turn comes first where requests wait, at an AIRoute with `concurrency` or at a provider that takes no more: the first entry that holds for a request decides. Of several AIPolicies the lowest class holds.',
      ),
    mode: z
      .enum(MODES)
      .default('Enforce')
      .describe(
        '`Observe`: nothing is refused, masked or left out; what would have been is counted and in the log line of the request.',
      ),
  }),
  [
    {
      rule: 'has(self.models) || has(self.perRequest) || (has(self.require) && size(self.require) > 0) || (has(self.guardrails) && size(self.guardrails) > 0) || (has(self.priority) && size(self.priority) > 0)',
      message: 'state at least one of models, require, guardrails, perRequest and priority',
      holds: (spec) =>
        (spec.models ?? spec.perRequest) !== undefined ||
        spec.require.length + spec.guardrails.length + spec.priority.length > 0,
    },
  ],
);

const aiPolicyStatus = z.object({ observedGeneration: z.number().int().optional(), conditions });

export const aiPolicy = z.object({
  kind: z.literal(KIND.policy),
  metadata: objectMeta,
  spec: aiPolicySpec,
  status: aiPolicyStatus.optional(),
});
export type AIPolicy = z.infer<typeof aiPolicy>;

export const AI_POLICY: KindDefinition = {
  kind: KIND.policy,
  plural: 'aipolicies',
  shortNames: ['aipol'],
  description: 'AIPolicy is what the organisation insists on.',
  printerColumns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    AGE_COLUMN,
  ],
  spec: aiPolicySpec,
  status: aiPolicyStatus,
};
