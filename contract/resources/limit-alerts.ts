/** Who is told that a limit of an object is used up to some percentage, and what of that is still to be delivered. */
import { z } from 'zod';
import { objectName } from './fields.ts';
import { atomicListOf, httpAddress, type TwinRule } from './validation.ts';

/** Keys of the Secret of a webhook. */
export const WEBHOOK_SECRET_KEYS = { url: 'url', signingKey: 'signing-key' } as const;

const webhook = z.object({
  url: httpAddress(
    512,
    'must be an address such as "https://hooks.example.com/budgets", without user, query, fragment or escapes',
  )
    .optional()
    .describe(
      'Where alerts are posted to. Omitted: the key `url` of the Secret, for addresses that are secrets themselves.',
    ),
  secretRef: z
    .object({
      name: objectName(
        'Name of a Secret in the namespace of this object. Its key `signing-key` holds what posts are signed with, by the scheme of Standard Webhooks: `whsec_` and Base64, or text, of 24 bytes or more.',
      ),
    })
    .describe('The signing key, and the address where `url` is omitted.'),
});

const MAX_WEBHOOKS = 4;

const limitAlert = z.object({ webhook });
export type LimitAlert = z.infer<typeof limitAlert>;
export type AlertWebhook = LimitAlert['webhook'];

/** `spec.alerts` of whatever states limits. */
export const limitAlerts = atomicListOf(limitAlert, { min: 1, max: MAX_WEBHOOKS }).describe(
  'Who is told when a limit passes a percentage of its `alertAtPercent`, beside the Event and the metric.',
);

interface Alerting {
  readonly alerts?: unknown;
  readonly limits?: readonly { readonly alertAtPercent?: unknown }[] | undefined;
}

/** Of every spec that has `alerts`. */
export const ALERTS_HAVE_A_PERCENTAGE: TwinRule<Alerting> = {
  rule: '!has(self.alerts) || (has(self.limits) && self.limits.exists(limit, has(limit.alertAtPercent)))',
  message: 'alerts needs a limit with alertAtPercent, which says when they are sent',
  holds: ({ alerts, limits = [] }) => alerts === undefined || limits.some((one) => one.alertAtPercent !== undefined),
};

/** Alerts of one object that wait for a webhook at one time; the oldest are given up for newer ones. */
export const MAX_DELIVERIES = 64;

const alertDelivery = z.object({
  id: z.string().max(64).describe('The `webhook-id`, the same in every attempt.'),
  webhook: z.number().int().describe('Index in `spec.alerts`.'),
  limit: z.string().max(63),
  percent: z.number().int(),
  spent: z.string().max(32),
  amount: z.string().max(32).describe('The cap.'),
  fullest: z.string().max(64).optional().describe('Of a limit with `per`: a digest of whoever spent most.'),
  windowStart: z.string().max(64).optional(),
  windowEnd: z.string().max(64).optional().describe('Absent where windows are runs.'),
  raised: z.string().max(64).describe('When the percentage was found passed.'),
});
export type AlertDelivery = z.infer<typeof alertDelivery>;

/** `status.deliveries` of whatever has `spec.alerts`. */
export const alertDeliveries = atomicListOf(alertDelivery, { max: MAX_DELIVERIES })
  .optional()
  .describe('Alerts that a webhook has not taken yet.');
