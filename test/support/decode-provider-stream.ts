/** Decodes the bytes of a provider's stream the way the pipeline does, without a pipeline. */
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { SseDecoder } from '#sidecar/stream/decode-sse';
import type { SseEvent } from '#sidecar/stream/sse-event';

export function sseEventsOf(chunks: Iterable<Uint8Array>): SseEvent[] {
  const decoder = new SseDecoder();
  const events: SseEvent[] = [];
  for (const chunk of chunks) events.push(...decoder.push(chunk));
  events.push(...decoder.end());
  if (decoder.failure !== undefined) throw decoder.failure;
  return events;
}

export function canonicalEventsOf(adapter: ProviderAdapter, events: Iterable<SseEvent>): StreamEvent[] {
  const decoded: StreamEvent[] = [];
  let state = adapter.streamDecoder.start();
  for (const event of events) {
    const [next, produced] = adapter.streamDecoder.step(state, event);
    state = next;
    decoded.push(...produced);
  }
  return decoded;
}

export const decodeProviderStream = (adapter: ProviderAdapter, chunks: Iterable<Uint8Array>): StreamEvent[] =>
  canonicalEventsOf(adapter, sseEventsOf(chunks));
