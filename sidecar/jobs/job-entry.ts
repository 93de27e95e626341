/** What the journal of jobs holds, entry by entry: identities, times and sizes. What was asked and answered is in sealed files beside it. */
import { z } from 'zod';

/** It becomes the name of a file: no entry leads to another folder. */
const id = z.string().regex(/^[\w-]{1,128}$/);
const count = z.int().nonnegative();

/** Times are Unix milliseconds. */
const jobFacts = z.object({
  id,
  requestId: z.string(),
  /** `namespace/name` of the AIRoute that took it. */
  route: z.string(),
  acceptedMs: z.number(),
  /** When it is over, whatever came of it. */
  deadlineMs: z.number(),
  /** Milliseconds from its end. */
  retentionMs: z.number(),
  /** Of its request. */
  bytes: count,
  /** Its result is to be posted. */
  posts: z.boolean(),
});
export type JobFacts = z.infer<typeof jobFacts>;

const jobEntry = z.discriminatedUnion('type', [
  /** Its request is on the disk, and its client may be told the id. */
  z.object({ type: z.literal('accepted'), job: jobFacts }),
  /** From here on a provider may have been asked. */
  z.object({ type: z.literal('started'), id }),
  z.object({
    type: z.literal('finished'),
    id,
    atMs: z.number(),
    /** Of the answer. */
    status: count,
    bytes: count,
  }),
  /** The result was taken at its address, or nobody tries any more. */
  z.object({ type: z.literal('posted'), id }),
  z.object({ type: z.literal('removed'), id }),
]);
export type JobEntry = z.infer<typeof jobEntry>;

/** undefined: the value is no entry. */
export const parseEntry = (value: unknown): JobEntry | undefined => jobEntry.safeParse(value).data;
