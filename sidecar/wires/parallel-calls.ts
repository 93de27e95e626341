/** A limit to one call at a time, for an API that has no word for it. */
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { Losses } from './losses.ts';

const LIMIT = 'parallel_tool_calls';

/** Who forces one tool by name asks for one call of it anyway; else more calls may come than the client takes. */
export function loseParallelLimit({ parallelToolCalls, toolChoice, tools }: ChatRequest, losses: Losses): void {
  if (parallelToolCalls !== false || tools.length === 0) return;
  if (toolChoice?.mode === 'tool') losses.note(LIMIT);
  else losses.drop(LIMIT);
}
