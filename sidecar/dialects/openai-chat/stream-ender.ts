/** Ends a stream of chunks after any of them: each has the head that the last one needs. */

import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEnder } from '#sidecar/dialects/dialect';
import { LastFrame } from '#sidecar/dialects/read-frame';

export function streamEnder(): StreamEnder {
  const last = new LastFrame();
  return {
    passed: (frame) => last.passed(frame),
    end: () => [
      { event: '', data: JSON.stringify(endOf(last.read())) },
      { event: '', data: '[DONE]' },
    ],
  };
}

function endOf({ choices: _, usage, ...head }: JsonObject): JsonObject {
  const end = { finish_reason: 'length', native_finish_reason: 'budget_exceeded' };
  return {
    id: '',
    object: 'chat.completion.chunk',
    created: 0,
    model: '',
    ...head,
    choices: [{ index: 0, delta: {}, logprobs: null, ...end }],
    // Clients that asked for it get it in each chunk.
    ...(usage === null && { usage }),
  };
}
