/** Ends a stream of chunks after any of them: calls are whole in this API, so that nothing is left open. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEnder } from '#sidecar/dialects/dialect';
import { LastFrame } from '#sidecar/dialects/read-frame';
import { encodeFinish } from './finish.ts';

export function streamEnder(): StreamEnder {
  const last = new LastFrame();
  return {
    passed: (frame) => last.passed(frame),
    end: () => [{ event: '', data: JSON.stringify(endOf(last.read())) }],
  };
}

const endOf = ({ candidates: _, promptFeedback: __, ...head }: JsonObject): JsonObject => ({
  candidates: [
    { content: { role: 'model', parts: [{ text: '' }] }, index: 0, ...encodeFinish('length', 'budget_exceeded') },
  ],
  ...head,
});
