/** What an AIRoute says of streams: when one is begun, what a break means, and what becomes of it when its client leaves. */
import { z } from 'zod';

export const aiRouteStream = z.object({
  onClientGone: z
    .enum(['Abort', 'Drain'])
    .optional()
    .describe(
      'What becomes of a stream when its client leaves. `Abort`, the default: the call to the provider is ended at once, and what may be billed is booked by estimate. `Drain`: the call is read to its end, for at most 30 s and at most 64 such streams of a sidecar, so that usage is booked as the provider reports it.',
    ),
  onBreak: z
    .enum(['Terminate', 'Continue'])
    .optional()
    .describe(
      'What becomes of a stream that breaks after content was delivered. `Terminate`, the default: it ends in an error event. `Continue`: another target of the rule goes on with the text so far, where its API can; the stream says so in a comment. Not after a tool call, a signature over reasoning, or where JSON was asked for.',
    ),
  holdUntil: z
    .enum(['FirstContent', 'FirstByte'])
    .optional()
    .describe(
      'What is waited for before a stream is begun. `FirstContent`, the default: an error before it goes to another attempt. `FirstByte`: the first event of any kind, so that the client has the head sooner; an error after it ends the stream, and `firstToken` is met by it.',
    ),
});
