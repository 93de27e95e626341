/** An AIKey that a request may come with. Its token is nowhere. */
import { z } from 'zod';

export const policyKey = z.object({
  /** `namespace/name`. */
  key: z.string(),
  /** SHA-256 of the token, 64 hex digits. */
  digest: z.string(),
  /** As far as its namespace lets it say so. */
  identity: z
    .object({
      team: z.string().optional(),
      project: z.string().optional(),
      environment: z.string().optional(),
      user: z.string().optional(),
    })
    .optional(),
  /** Names of models that may be asked for, with `*`; empty: all. */
  models: z.array(z.string()),
  /** Tags that each target must carry. */
  require: z.array(z.string()),
  /** From then on it is refused. Unix milliseconds. */
  expiresAtMs: z.number().int().optional(),
  revoked: z.literal(true).optional(),
});
export type PolicyKey = z.infer<typeof policyKey>;
