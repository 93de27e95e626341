/** An answer that was given before, on its way to the client of another request, whole or as a stream. */
import type { ChatResponse } from '#sidecar/canonical/chat-response';
import { foldEvents } from '#sidecar/canonical/fold-events';
import type { CanonicalResponse } from '#sidecar/canonical/request';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { unfoldResponse } from '#sidecar/canonical/unfold-response';
import type { Answer, Answerer } from '#sidecar/pipeline/attempts/answer';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { StreamItem } from '#sidecar/pipeline/attempts/lanes/lane';
import { translate } from '#sidecar/pipeline/attempts/lanes/translate';
import type { KeptAnswer } from './answer-cache.ts';

const NO_BYTES = new Uint8Array();
const UTF8 = new TextDecoder();

/** undefined: it cannot be told in the form that is asked for. `candidate`: the target that gave it, under the policy of today. */
export function cachedAnswer(kept: KeptAnswer, candidate: Candidate, isStreamed: boolean): Answer | undefined {
  const by = answererOf(kept, candidate);
  if (isStreamed) {
    const events = eventsOf(kept);
    return events && { kind: 'stream', by, source: sourceOf(events), each: (item) => item };
  }
  const response = responseOf(kept);
  return response && { kind: 'whole', by, item: { response, raw: kept.raw ?? kept.json } };
}

/** Nothing is settled: nobody was asked. */
const answererOf = ({ target, dropped }: KeptAnswer, { outputGuard, watch }: Candidate): Answerer => ({
  ...{ target, dropped, outputGuard },
  outputWatch: watch?.output,
  lane: translate,
  settle: () => {},
  costNanoUsd: 0n,
});

// What stands in the cache was written by this process, from values of these types.
const read = ({ json }: KeptAnswer): unknown => JSON.parse(UTF8.decode(json));

const eventsOf = (kept: KeptAnswer): readonly StreamEvent[] | undefined =>
  kept.form === 'stream' ? (read(kept) as readonly StreamEvent[]) : unfoldResponse(read(kept) as ChatResponse);

const responseOf = (kept: KeptAnswer): CanonicalResponse | undefined =>
  kept.form === 'whole' ? (read(kept) as CanonicalResponse) : foldEvents(read(kept) as readonly StreamEvent[]);

function sourceOf(events: readonly StreamEvent[]) {
  let items: readonly StreamItem[] | null = [{ events, raw: NO_BYTES }];
  return {
    read: async (): Promise<readonly StreamItem[] | null> => {
      const next = items;
      items = null;
      return next;
    },
  };
}
