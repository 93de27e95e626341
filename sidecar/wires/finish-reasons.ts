/** What an API's words for the end of an answer mean. */
import type { FinishReason } from '#sidecar/canonical/chat-response';

/** A word that is not in the table is `other`, and stays readable as the raw one. */
export function finishReasons(words: Readonly<Record<string, FinishReason>>): (raw: string) => FinishReason {
  const table = new Map(Object.entries(words));
  return (raw) => table.get(raw) ?? 'other';
}
