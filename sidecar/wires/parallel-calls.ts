/** A limit to one call at a time, for an API that has no word for it. */
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { Losses } from './losses.ts';

const LIMIT = 'parallel_tool_calls';

/** Frameworks that want an object force one tool in its form, with this limit beside it: what comes is one call anyway. Else more may come than the client takes. */
export function loseParallelLimit({ parallelToolCalls, toolChoice, tools }: ChatRequest, losses: Losses): void {
  if (parallelToolCalls !== false || tools.length === 0) return;
  const forcesOne = toolChoice?.mode === 'tool' || (toolChoice?.mode === 'required' && tools.length === 1);
  if (forcesOne) losses.note(LIMIT);
  else losses.drop(LIMIT);
}
