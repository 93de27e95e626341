/** Where a Responses request says what the canonical one does. */

import type { JsonObject } from '#sidecar/canonical/json';
import { flatMapEach } from '#sidecar/canonical/walk';
import type { ClientPaths } from '#sidecar/dialects/client-paths';
import { optionalArray } from '#sidecar/dialects/field';
import { isJsonObject } from '#sidecar/json/body';
import { placesOf } from './decode-input.ts';

const WORDS = {
  logprobs: 'top_logprobs',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
};

export const clientPaths = (body: JsonObject): ClientPaths => ({
  messages: [
    ...(body.instructions ? [{ path: 'instructions', parts: ['instructions'] }] : []),
    ...placesOf(body.input ?? []),
  ],
  tools: flatMapEach(optionalArray(body.tools, 'tools'), (tool, index) =>
    isJsonObject(tool) && tool.type === 'function' ? [`tools[${index}]`] : [],
  ),
  words: WORDS,
});
