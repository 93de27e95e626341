/** AIKey: a virtual key. The operator makes its token; whoever sends the token is held to what the key says. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import {
  AGE_COLUMN,
  conditions,
  type KindDefinition,
  labelValue,
  modelName,
  objectMeta,
  objectName,
  tag,
} from './fields.ts';
import { limit } from './limit.ts';
import { ALERTS_HAVE_A_PERCENTAGE, alertDeliveries, limitAlerts } from './limit-alerts.ts';
import { claim } from './limit-scope.ts';
import { limitStatuses } from './limit-status.ts';
import { mapOf, setOf, withRules } from './validation.ts';

const platformOnly = (label: string): string =>
  `Counts in place of the label ${label} for what comes with this key: limits, usage and rules of AIRoutes. Only of keys of a platform namespace; ignored elsewhere. AIPolicies go by the label.`;

const identity = z.object({
  team: labelValue(platformOnly('remora.dev/team')).optional(),
  project: labelValue(platformOnly('remora.dev/project')).optional(),
  environment: labelValue(platformOnly('remora.dev/environment')).optional(),
  user: claim('The end user of whatever comes with this key, whatever the request says.').optional(),
});

const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;

/** A day that no month has would be taken for one of the next month. */
const isTime = (text: string): boolean =>
  TIME.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text.replace('Z', '.000Z');

const time = withRules(z.string().max(64), [
  {
    // A text that is no time is an error in CEL, which no operator but `||` and `&&` would swallow.
    rule: "size(self) == 20 && self.endsWith('Z') && timestamp(self) > timestamp('1970-01-01T00:00:00Z')",
    message: 'must be a time in UTC, such as 2027-01-01T00:00:00Z',
    holds: isTime,
  },
]);

const aiKeyFields = z.object({
  identity: identity.optional().describe('Whom requests with this key are counted for. Omitted: as without a key.'),
  models: setOf(modelName, { max: 64 })
    .default([])
    .describe('Names that requests with this key may ask for, `*` for any run of characters. Empty: all.'),
  require: setOf(tag, { max: 16 })
    .default([])
    .describe(
      'Only targets whose AIProvider carries all of these may be used, fallbacks included. Tags count only from a platform namespace.',
    ),
  limits: mapOf(limit, { max: 32 }).default([]).describe('Count what comes with this key, and nothing else.'),
  alerts: limitAlerts.optional(),
  expiresAt: time.optional().describe('From this instant on the token is refused. Omitted: never.'),
  secretName: objectName(
    'The Secret in which the operator writes the token, under the key `api-key`. Default: the name of the AIKey. Deleting it makes another token, and the former one stops. One that was there before is never touched.',
  ).optional(),
  revoked: z.boolean().default(false).describe('`true`: the token is refused, within a second, until it is `false`.'),
});

const aiKeySpec = withRules(aiKeyFields, [ALERTS_HAVE_A_PERCENTAGE]);

const aiKeyStatus = z.object({
  observedGeneration: z.number().int().optional(),
  tokenDigest: z
    .string()
    .max(64)
    .optional()
    .describe('SHA-256 of the token in hexadecimal: all that anybody but its Secret keeps of it.'),
  limits: limitStatuses.optional().describe('What was spent of each of `spec.limits` in its present window.'),
  deliveries: alertDeliveries,
  conditions,
});

export const aiKey = z.object({
  kind: z.literal(KIND.key),
  metadata: objectMeta,
  spec: aiKeySpec,
  status: aiKeyStatus.optional(),
});
export type AIKey = z.infer<typeof aiKey>;

export const secretNameOf = ({ metadata, spec }: Pick<AIKey, 'metadata' | 'spec'>): string =>
  spec.secretName ?? metadata.name;

export const AI_KEY: KindDefinition = {
  kind: KIND.key,
  plural: 'aikeys',
  shortNames: ['aik'],
  description: 'AIKey is a virtual key: who asks with it, for what, and how much.',
  printerColumns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Revoked', type: 'string', jsonPath: '.spec.revoked' },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt' },
    AGE_COLUMN,
  ],
  spec: aiKeySpec,
  status: aiKeyStatus,
};
