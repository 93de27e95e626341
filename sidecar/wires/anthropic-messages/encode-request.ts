/** Canonical request → body of a Messages call. */

import type { ChatRequest, Tool } from '#sidecar/canonical/chat-request';
import { type ApiExtension, allOf } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach, once } from '#sidecar/canonical/walk';
import { loseForeignExtensions } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { asObject } from '#sidecar/wires/read-field';
import type { PassthroughChanges } from '#sidecar/wires/wire';
import { cacheMark } from './cache-mark.ts';
import { encodeMessages } from './encode-messages.ts';
import { continuesUnsignedTurn, encodeSampling, encodeThinking } from './encode-thinking.ts';
import { limitCacheMarks } from './limit-cache-marks.ts';
import { traitsOf } from './model-traits.ts';
import { unseal, WIRE_ID } from './seal.ts';

/** Sent where the request states no maximum, since the API requires one. */
export const DEFAULT_MAX_TOKENS = 4096;

/** Throws `unsupported_parameter`. */
export function encodeRequest(request: ChatRequest, model: string, losses: Losses): JsonObject {
  loseForeignExtensions(request, WIRE_ID, losses);
  const own = request.extensions[WIRE_ID];
  return own === undefined ? translate(request, model, losses) : restate(request, { model, own, losses });
}

/** What has to change in a body that is otherwise forwarded as it came. */
export const passthroughEdits = (_body: JsonObject, changes: PassthroughChanges): Record<string, JsonValue> => ({
  model: changes.model,
  ...(changes.maxOutputTokens !== undefined && { max_tokens: changes.maxOutputTokens }),
});

/** The client spoke this API: its own words are sent, but for the turns, which somebody may have changed. */
function restate(
  request: ChatRequest,
  { model, own, losses }: { readonly model: string; readonly own: ApiExtension; readonly losses: Losses },
): JsonObject {
  const { system, messages } = encodeMessages(request.messages, { losses, systemStaysInPlace: true });
  return {
    model,
    max_tokens: request.maxOutputTokens ?? DEFAULT_MAX_TOKENS,
    ...(system.length > 0 && { system }),
    messages,
    ...ownWords(request, own, losses),
    ...(request.stream && { stream: true }),
  };
}

/** Thinking with a budget is refused where it would continue a turn whose thinking another provider wrote. */
function ownWords(request: ChatRequest, own: ApiExtension, losses: Losses): JsonObject {
  const { thinking, ...others } = allOf(own);
  if (thinking === undefined) return others;
  if (asObject(thinking)?.type !== 'enabled' || !once(() => continuesUnsignedTurn(request, unseal)))
    return { ...others, thinking };
  losses.note('thinking');
  return others;
}

function translate(asked: ChatRequest, model: string, losses: Losses): JsonObject {
  loseParameters(asked, losses);
  const request = limitCacheMarks(asked, losses);
  const traits = traitsOf(model);
  const maxTokens = request.maxOutputTokens ?? DEFAULT_MAX_TOKENS;
  const thinking = encodeThinking(request, traits, { maxTokens, losses, unseal });
  const sampling = encodeSampling(request, traits, thinking, losses);
  const { system, messages } = encodeMessages(request.messages, { losses, systemStaysInPlace: false });
  return {
    model,
    max_tokens: maxTokens,
    ...(system.length > 0 && { system }),
    messages,
    ...(request.tools.length > 0 && { tools: mapEach(request.tools, encodeTool), ...encodeToolChoice(request) }),
    ...sampling,
    ...encodeStop(request.stop, losses),
    ...thinking.members,
    ...encodeOutputConfig(request, thinking.effort),
    ...(request.user !== undefined && { metadata: { user_id: request.user } }),
    ...(request.stream && { stream: true }),
  };
}

function loseParameters(request: ChatRequest, losses: Losses): void {
  if ((request.choiceCount ?? 1) > 1) losses.drop('n');
  if (request.logprobs !== undefined) losses.drop('logprobs');
  if (request.responseFormat?.type === 'json-object') losses.drop('response_format');
  if (request.presencePenalty) losses.drop('presence_penalty');
  if (request.frequencyPenalty) losses.drop('frequency_penalty');
  if (request.seed !== undefined) losses.drop('seed');
}

const encodeTool = (tool: Tool): JsonObject => ({
  name: tool.name,
  ...(tool.description !== undefined && { description: tool.description }),
  // The API requires a schema of type object; OpenAI's allows none for a function without arguments.
  input_schema: { type: 'object', ...(tool.parameters ?? { properties: {} }) },
  ...(tool.strict === true && { strict: true }),
  ...cacheMark(tool),
});

/** `disable_parallel_tool_use` sits inside the choice, so that forbidding parallel calls needs a choice. */
function encodeToolChoice({ toolChoice, parallelToolCalls }: ChatRequest): JsonObject {
  const single = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  switch (toolChoice?.mode) {
    case undefined:
      return parallelToolCalls === false ? { tool_choice: { type: 'auto', ...single } } : {};
    case 'none':
      return { tool_choice: { type: 'none' } };
    case 'auto':
      return { tool_choice: { type: 'auto', ...single } };
    case 'required':
      return { tool_choice: { type: 'any', ...single } };
    case 'tool':
      return { tool_choice: { type: 'tool', name: toolChoice.name, ...single } };
  }
}

/** The API refuses stop sequences of white space only. */
function encodeStop(stop: readonly string[], losses: Losses): JsonObject {
  const usable = stop.filter((sequence) => sequence.trim() !== '');
  if (usable.length < stop.length) losses.drop('stop');
  return usable.length > 0 ? { stop_sequences: usable } : {};
}

function encodeOutputConfig({ responseFormat }: ChatRequest, effort: string | undefined): JsonObject {
  const format =
    responseFormat?.type === 'json-schema'
      ? { format: { type: 'json_schema', schema: responseFormat.schema } }
      : undefined;
  if (format === undefined && effort === undefined) return {};
  return { output_config: { ...format, ...(effort !== undefined && { effort }) } };
}
