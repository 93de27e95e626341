/** Responses request → canonical request. What this API alone knows stays in `extensions`, verbatim. */

import type { ChatRequest, ResponseFormat } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { once } from '#sidecar/canonical/walk';
import {
  invalid,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredString,
} from '#sidecar/dialects/field';
import { decodeExtensions } from './decode-extensions.ts';
import { decodeInput } from './decode-input.ts';
import { decodeToolChoice, decodeTools } from './decode-tools.ts';
import { present } from './present.ts';
import { isMadeHere } from './reasoning-item.ts';

/** The top-level keys that are read; all others are extensions. */
export const READ_KEYS: readonly string[] = [
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'include',
  'text',
  'reasoning',
  'user',
  'safety_identifier',
  'stream',
  'background',
  'previous_response_id',
  'conversation',
  'prompt',
  'store',
];

/** Without an input there must be one of these, which say elsewhere what the model is asked. */
const OTHER_INPUTS = ['previous_response_id', 'conversation', 'prompt'];

/** Throws `invalid_request`. */
export function decodeRequest(body: JsonObject): ChatRequest {
  const instructions = optionalString(body.instructions, 'instructions');
  const { tools, otherTools } = decodeTools(body.tools);
  const toolChoice = decodeToolChoice(body.tool_choice);
  const effort = optionalString(optionalObject(body.reasoning, 'reasoning')?.effort, 'reasoning.effort');
  const messages = decodeInput(requiredInput(body));
  return {
    operation: 'chat',
    model: requiredString(body.model, 'model'),
    messages: once(() => [...systemMessage(instructions), ...messages]),
    tools,
    stop: [],
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    // This API tells the usage of every answer.
    includeUsage: true,
    ...(once(() => messages.some(({ parts }) => parts.some(isMadeHere))) && { mustRewrite: true }),
    ...(body.background === true && { isAnsweredLater: true }),
    extensions: decodeExtensions(body, {
      ...(otherTools.length > 0 && { tools: otherTools }),
      ...(toolChoice === 'extension' && { tool_choice: body.tool_choice }),
    }),
    ...present({
      maxOutputTokens: optionalInteger(body.max_output_tokens, 'max_output_tokens', 1),
      temperature: optionalNumber(body.temperature, 'temperature'),
      topP: optionalNumber(body.top_p, 'top_p'),
      toolChoice: toolChoice === 'extension' ? undefined : toolChoice,
      parallelToolCalls: optionalBoolean(body.parallel_tool_calls, 'parallel_tool_calls'),
      logprobs: decodeLogprobs(body),
      responseFormat: decodeFormat(optionalObject(body.text, 'text')),
      reasoning: effort === undefined ? undefined : { effort },
      user: optionalString(body.user, 'user') ?? optionalString(body.safety_identifier, 'safety_identifier'),
    }),
  };
}

function requiredInput(body: JsonObject): JsonValue {
  if (body.input != null) return body.input;
  if (OTHER_INPUTS.some((key) => body[key] != null)) return [];
  throw invalid('input', 'a string or an array of items');
}

const systemMessage = (instructions: string | undefined): ChatRequest['messages'] =>
  instructions ? [{ role: 'system', parts: [{ type: 'text', text: instructions }] }] : [];

function decodeLogprobs(body: JsonObject): ChatRequest['logprobs'] {
  const top = optionalInteger(body.top_logprobs, 'top_logprobs', 0);
  const isAsked = optionalArray(body.include, 'include').includes('message.output_text.logprobs');
  if (!isAsked && !top) return undefined;
  return top === undefined ? {} : { top };
}

function decodeFormat(text: JsonObject | undefined): ResponseFormat | undefined {
  const format = optionalObject(text?.format, 'text.format');
  switch (format?.type) {
    case undefined:
      if (format !== undefined) throw invalid('text.format.type', 'a string');
      return undefined;
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json-object' };
    case 'json_schema':
      return {
        type: 'json-schema',
        name: requiredString(format.name, 'text.format.name'),
        schema: optionalObject(format.schema, 'text.format.schema') ?? {},
        ...present({
          strict: optionalBoolean(format.strict, 'text.format.strict'),
          description: optionalString(format.description, 'text.format.description'),
        }),
      };
    default:
      throw invalid('text.format.type', "'text', 'json_object' or 'json_schema'");
  }
}
