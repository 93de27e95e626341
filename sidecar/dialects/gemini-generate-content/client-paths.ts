/** Where a generateContent request says what the canonical one does. */

import type { JsonObject } from '#sidecar/canonical/json';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import type { ClientPaths } from '#sidecar/dialects/client-paths';
import { decodeSystem, placesOf } from './decode-contents.ts';
import { fieldsOf, listOf } from './proto-names.ts';

const WORDS = {
  frequency_penalty: 'generationConfig.frequencyPenalty',
  logprobs: 'generationConfig.responseLogprobs',
  max_output_tokens: 'generationConfig.maxOutputTokens',
  n: 'generationConfig.candidateCount',
  presence_penalty: 'generationConfig.presencePenalty',
  'reasoning.budget_tokens': 'generationConfig.thinkingConfig.thinkingBudget',
  reasoning_effort: 'generationConfig.thinkingConfig',
  response_format: 'generationConfig.responseSchema',
  seed: 'generationConfig.seed',
  stop: 'generationConfig.stopSequences',
  temperature: 'generationConfig.temperature',
  tool_choice: 'toolConfig.functionCallingConfig',
  top_k: 'generationConfig.topK',
  top_p: 'generationConfig.topP',
};

export function clientPaths(body: JsonObject): ClientPaths {
  const { systemInstruction, contents, tools } = fieldsOf(body, 'body');
  const system = decodeSystem(systemInstruction).map(({ parts }) => ({
    path: 'systemInstruction',
    parts: mapEach(parts, (_, index) => `systemInstruction.parts[${index}]`),
  }));
  return {
    messages: [...system, ...placesOf(contents)],
    tools: flatMapEach(listOf(tools), (tool, index) => {
      const at = `tools[${index}]`;
      return mapEach(
        listOf(fieldsOf(tool, at).functionDeclarations),
        (_, number) => `${at}.functionDeclarations[${number}]`,
      );
    }),
    words: WORDS,
  };
}
