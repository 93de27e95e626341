/**
 * Canonical request → body of a Responses call. Nothing is stored for clients of another API, whose own would not have stored it either; the
 * reasoning comes encrypted instead, so that the next turn can bring it back.
 */

import type { ChatRequest, ResponseFormat, Tool, ToolChoice } from '#sidecar/canonical/chat-request';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach, once, visitEach } from '#sidecar/canonical/walk';
import { loseForeignExtensions } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { losePrefill } from '#sidecar/wires/prefill';
import { asArray } from '#sidecar/wires/read-field';
import { strictOf } from '#sidecar/wires/strict-schema';
import type { PassthroughChanges } from '#sidecar/wires/wire';
import { encodeInput } from './encode-input.ts';
import { encryptsReasoning } from './model-traits.ts';
import { WIRE_ID } from './seal.ts';

/** The API refuses a lower maximum. */
const MIN_OUTPUT_TOKENS = 16;

export function encodeRequest(asked: ChatRequest, model: string, losses: Losses): JsonObject {
  const request = losePrefill(asked, losses);
  loseForeignExtensions(request, WIRE_ID, losses);
  loseParameters(request, losses);
  const isOwn = request.extensions[WIRE_ID] !== undefined;
  const own = ownMembers(request);
  // The dialect put the client's instructions before the messages for those who know no other place.
  const messages = own.instructions === undefined ? request.messages : once(() => request.messages.slice(1));
  return defined({
    model,
    input: encodeInput(messages, {
      losses,
      firstIndex: request.messages.length - messages.length,
      isStored: isOwn && own.store !== false,
    }),
    tools: request.tools.length > 0 ? mapEach(request.tools, encodeTool) : undefined,
    tool_choice: encodeToolChoice(request.toolChoice),
    parallel_tool_calls: request.parallelToolCalls,
    max_output_tokens: isOwn ? request.maxOutputTokens : atLeastMinimum(request.maxOutputTokens, losses),
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: request.logprobs?.top,
    text: encodeFormat(request.responseFormat, losses),
    reasoning: request.reasoning?.effort === undefined ? undefined : { effort: request.reasoning.effort },
    user: request.user === own.safety_identifier ? undefined : request.user,
    store: isOwn ? undefined : false,
    ...own,
    include: encodeInclude(request, model, own.include),
    stream: request.stream ? true : undefined,
  });
}

/** What has to change in a body that is otherwise forwarded as it came. Usage always comes. */
export const passthroughEdits = (
  _body: JsonObject,
  { model, maxOutputTokens }: PassthroughChanges,
): Record<string, JsonValue> => ({
  model,
  ...(maxOutputTokens !== undefined && { max_output_tokens: maxOutputTokens }),
});

/** The client's own words where it speaks this API. A key with a dot names a part of a member for others; here the member is whole. */
const ownMembers = ({ extensions }: ChatRequest): JsonObject =>
  Object.fromEntries(Object.entries(allOf(extensions[WIRE_ID])).filter(([key]) => !key.includes('.')));

const defined = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

function loseParameters(request: ChatRequest, losses: Losses): void {
  if ((request.choiceCount ?? 1) > 1) losses.drop('n');
  if (request.stop.length > 0) losses.drop('stop');
  if (request.seed !== undefined) losses.drop('seed');
  if (request.topK !== undefined) losses.drop('top_k');
  if (request.presencePenalty) losses.drop('presence_penalty');
  if (request.frequencyPenalty) losses.drop('frequency_penalty');
  if (request.reasoning?.budgetTokens !== undefined) losses.drop('reasoning.budget_tokens');
  visitEach(request.tools, ({ cacheControl }, index) => {
    if (cacheControl !== undefined) losses.note(`tools[${index}].cache_control`);
  });
}

function atLeastMinimum(maximum: number | undefined, losses: Losses): number | undefined {
  if (maximum === undefined || maximum >= MIN_OUTPUT_TOKENS) return maximum;
  losses.note('max_output_tokens');
  return MIN_OUTPUT_TOKENS;
}

/** Without a word on it this API makes a tool strict, and refuses schemas that are not made for that. */
const encodeTool = (tool: Tool): JsonObject =>
  defined({
    type: 'function',
    name: tool.name,
    description: tool.description,
    parameters: tool.parameters ?? { type: 'object', properties: {} },
    strict: tool.strict ?? false,
  });

function encodeToolChoice(choice: ToolChoice | undefined): JsonValue | undefined {
  if (choice === undefined) return undefined;
  return choice.mode === 'tool' ? { type: 'function', name: choice.name } : choice.mode;
}

function encodeFormat(format: ResponseFormat | undefined, losses: Losses): JsonObject | undefined {
  switch (format?.type) {
    case 'json-schema': {
      const { name, schema, description } = format;
      const strict = strictOf(format, losses);
      return { format: defined({ type: 'json_schema', name, description, schema, strict }) };
    }
    case 'json-object':
      return { format: { type: 'json_object' } };
    default:
      return undefined;
  }
}

function encodeInclude(request: ChatRequest, model: string, asked: JsonValue | undefined): JsonValue | undefined {
  const include = new Set(asArray(asked));
  if (encryptsReasoning(model, request)) include.add('reasoning.encrypted_content');
  if (request.logprobs !== undefined) include.add('message.output_text.logprobs');
  return include.size > 0 ? [...include] : undefined;
}
