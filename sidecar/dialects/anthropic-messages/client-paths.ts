/** Where a Messages request says what the canonical one does. */

import type { JsonObject } from '#sidecar/canonical/json';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import type { ClientPaths, Place } from '#sidecar/dialects/client-paths';
import { optionalArray, requiredArray } from '#sidecar/dialects/field';
import { isJsonObject } from '#sidecar/json/body';
import { placesOf } from './decode-messages.ts';

const WORDS = {
  max_output_tokens: 'max_tokens',
  parallel_tool_calls: 'tool_choice.disable_parallel_tool_use',
  'reasoning.budget_tokens': 'thinking.budget_tokens',
  reasoning_effort: 'output_config.effort',
  response_format: 'output_config.format',
  stop: 'stop_sequences',
  user: 'metadata.user_id',
};

export const clientPaths = (body: JsonObject): ClientPaths => ({
  messages: placesOfSystem(body).concat(placesOf(requiredArray(body.messages, 'messages'))),
  tools: flatMapEach(optionalArray(body.tools, 'tools'), (tool, index) =>
    isJsonObject(tool) && (tool.type ?? 'custom') === 'custom' ? [`tools[${index}]`] : [],
  ),
  words: WORDS,
});

function placesOfSystem({ system }: JsonObject): Place[] {
  if (system == null || system === '') return [];
  return [
    { path: 'system', parts: Array.isArray(system) ? mapEach(system, (_, index) => `system[${index}]`) : ['system'] },
  ];
}
