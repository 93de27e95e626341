/** The clocks of a zone as numbers, so that who runs a policy needs no data of zones: by how much they are ahead of UTC, and from when. */
import { z } from 'zod';

export const policyTimeZone = z.object({
  /** As the AIBudget states it. */
  name: z.string(),
  /** Unix seconds and minutes ahead of UTC, in order. The first holds before it, too, and the last one for ever. */
  offsets: z.array(z.tuple([z.number().int(), z.number().int()])).min(1),
});
export type PolicyTimeZone = z.infer<typeof policyTimeZone>;
