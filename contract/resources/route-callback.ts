/** What an AIRoute says of callbacks: requests that are answered with an id at once, and whose result is fetched or posted later. */
import { z } from 'zod';
import { duration, objectName, secretKey } from './fields.ts';
import { httpAddress, setOf, type TwinRule, withRules } from './validation.ts';

const SIGNED: TwinRule<{ readonly allow?: unknown; readonly signingSecretRef?: unknown }> = {
  rule: 'has(self.allow) == has(self.signingSecretRef)',
  message: 'allow and signingSecretRef must be stated together, since whatever is posted is signed',
  holds: ({ allow, signingSecretRef }) => (allow === undefined) === (signingSecretRef === undefined),
};

export const aiRouteCallback = withRules(
  z.object({
    allow: setOf(
      httpAddress(
        512,
        'must be the beginning of an address such as "https://hooks.example.com/ai", without user, query, fragment or escapes',
      ),
      { min: 1, max: 16 },
    )
      .optional()
      .describe(
        'Addresses that results may be posted to: those of the same scheme, host and port whose path is this one or below it. Private hosts are allowed, too. Omitted: results are only fetched.',
      ),
    signingSecretRef: z
      .object({
        name: objectName('Name of a Secret in the namespace of this AIRoute.'),
        key: secretKey
          .default('signing-key')
          .describe('Key in the Secret that holds the signing key: `whsec_` and Base64, or text, of 24 bytes or more.'),
      })
      .optional()
      .describe('What posts are signed with, by the scheme of Standard Webhooks (HMAC-SHA256).'),
    deadline: duration(
      'From the acceptance of a job until its result, in place of all timeouts of the route and its targets but `connect`. Default 1h.',
    ).optional(),
    retention: duration('How long a result can be fetched. Default 1h.').optional(),
  }),
  [SIGNED],
);
export type AIRouteCallback = z.infer<typeof aiRouteCallback>;
