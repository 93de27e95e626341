/** Chat Completions request → canonical request. What this API alone knows stays in `extensions`, verbatim. */

import type { ChatRequest, ResponseFormat, Tool, ToolChoice } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { foldEach, mapEach } from '#sidecar/canonical/walk';
import {
  invalid,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredArray,
  requiredObject,
  requiredString,
  restOf,
} from '#sidecar/dialects/field';
import type { PathValues } from '#sidecar/dialects/path-pattern';
import { decodeCacheControl } from './decode-cache-control.ts';
import { decodeMessage } from './decode-message.ts';

/** The top-level keys that are read; all others are extensions. */
export const READ_KEYS: readonly string[] = [
  'model',
  'messages',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_completion_tokens',
  'max_tokens',
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'stop',
  'n',
  'logprobs',
  'top_logprobs',
  'response_format',
  'reasoning_effort',
  'user',
  'safety_identifier',
  'stream',
  'stream_options',
];

const KNOWN = new Set(READ_KEYS);
/** Of those that the canonical request cannot say: what is about the call and not about the answer. */
const INERT = new Set(['metadata', 'store', 'service_tier', 'prompt_cache_key', 'prompt_cache_retention']);
/** What the canonical request says in its own words, and this API wants back in its. */
const RESTATED = ['safety_identifier', 'stream_options'];
const MAX_CHOICES = 128;

/** A model of the path wins over that of the body, as at Azure. Throws `invalid_request`. */
export function decodeRequest(body: JsonObject, { model }: PathValues = {}): ChatRequest {
  const messages = requiredArray(body.messages, 'messages');
  if (messages.length === 0) throw invalid('messages', 'an array of at least one message');
  const { tools, otherTools } = decodeTools(body.tools);
  const toolChoice = decodeToolChoice(body.tool_choice);
  const streamOptions = optionalObject(body.stream_options, 'stream_options');
  const effort = optionalString(body.reasoning_effort, 'reasoning_effort');
  const safetyIdentifier = optionalString(body.safety_identifier, 'safety_identifier');
  return {
    operation: 'chat',
    model: model ?? requiredString(body.model, 'model'),
    messages: mapEach(messages, (message, index) => decodeMessage(message, `messages[${index}]`)),
    tools,
    stop: decodeStop(body.stop),
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    includeUsage: optionalBoolean(streamOptions?.include_usage, 'stream_options.include_usage') ?? false,
    extensions: decodeExtensions(body, {
      ...(otherTools.length > 0 && { tools: otherTools }),
      ...(toolChoice === 'extension' && { tool_choice: body.tool_choice }),
    }),
    ...present({
      ...decodeNumbers(body),
      toolChoice: toolChoice === 'extension' ? undefined : toolChoice,
      parallelToolCalls: optionalBoolean(body.parallel_tool_calls, 'parallel_tool_calls'),
      logprobs: decodeLogprobs(body),
      responseFormat: decodeResponseFormat(body.response_format),
      reasoning: effort === undefined ? undefined : { effort },
      user: optionalString(body.user, 'user') ?? safetyIdentifier,
    }),
  };
}

/** `unsaid`: what the canonical request cannot say of members that it reads. */
function decodeExtensions(body: JsonObject, unsaid: JsonObject): ChatRequest['extensions'] {
  const rest = Object.entries(restOf(body, KNOWN) ?? {});
  const essential = [...rest.filter(([key]) => !INERT.has(key)), ...Object.entries(unsaid)];
  const inert = rest.filter(([key]) => INERT.has(key));
  const restated = RESTATED.flatMap((key) => (body[key] == null ? [] : [[key, body[key]] as const]));
  if (essential.length + inert.length + restated.length === 0) return {};
  return {
    'openai-chat': {
      essential: Object.fromEntries(essential),
      inert: Object.fromEntries(inert),
      restated: Object.fromEntries(restated),
    },
  };
}

/** Without the members that are undefined, so that an absent option is absent. */
function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const defined: { [K in keyof T]?: T[K] } = {};
  for (const key in members) if (members[key] !== undefined) defined[key] = members[key];
  // The loop leaves out exactly what the type excludes.
  return defined as { [K in keyof T]?: Exclude<T[K], undefined> };
}

const decodeNumbers = (body: JsonObject) => ({
  maxOutputTokens:
    optionalInteger(body.max_completion_tokens, 'max_completion_tokens', 1) ??
    optionalInteger(body.max_tokens, 'max_tokens', 1),
  temperature: optionalNumber(body.temperature, 'temperature'),
  topP: optionalNumber(body.top_p, 'top_p'),
  presencePenalty: optionalNumber(body.presence_penalty, 'presence_penalty'),
  frequencyPenalty: optionalNumber(body.frequency_penalty, 'frequency_penalty'),
  seed: optionalNumber(body.seed, 'seed'),
  choiceCount: decodeChoiceCount(body.n),
});

function decodeChoiceCount(value: JsonValue | undefined): number | undefined {
  const count = optionalInteger(value, 'n', 1);
  if (count !== undefined && count > MAX_CHOICES) throw invalid('n', `at most ${MAX_CHOICES}`);
  return count;
}

function decodeStop(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return mapEach(optionalArray(value, 'stop'), (entry, index) => requiredString(entry, `stop[${index}]`));
}

function decodeLogprobs(body: JsonObject): ChatRequest['logprobs'] {
  const top = optionalInteger(body.top_logprobs, 'top_logprobs', 0);
  if (optionalBoolean(body.logprobs, 'logprobs') !== true) return undefined;
  return top === undefined ? {} : { top };
}

/** Tools that are no functions cannot be said to another API; they are kept for this one. */
function decodeTools(value: JsonValue | undefined): { tools: Tool[]; otherTools: JsonObject[] } {
  const start = (): { tools: Tool[]; otherTools: JsonObject[] } => ({ tools: [], otherTools: [] });
  return foldEach(optionalArray(value, 'tools'), start, ({ tools, otherTools }, entry, index) => {
    const tool = requiredObject(entry, `tools[${index}]`);
    if (requiredString(tool.type, `tools[${index}].type`) === 'function')
      tools.push(decodeFunction(tool.function, `tools[${index}].function`, tool.cache_control));
    else otherTools.push(tool);
  });
}

function decodeFunction(value: JsonValue | undefined, path: string, cacheControl: JsonValue | undefined): Tool {
  const declared = requiredObject(value, path);
  return {
    name: requiredString(declared.name, `${path}.name`),
    ...present({
      description: optionalString(declared.description, `${path}.description`),
      parameters: optionalObject(declared.parameters, `${path}.parameters`),
      strict: optionalBoolean(declared.strict, `${path}.strict`),
      cacheControl: decodeCacheControl(cacheControl, path),
    }),
  };
}

function decodeToolChoice(value: JsonValue | undefined): ToolChoice | 'extension' | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { mode: value };
  if (typeof value === 'string') throw invalid('tool_choice', "'auto', 'none', 'required' or an object");
  const choice = requiredObject(value, 'tool_choice');
  if (requiredString(choice.type, 'tool_choice.type') !== 'function') return 'extension';
  const named = requiredObject(choice.function, 'tool_choice.function');
  return { mode: 'tool', name: requiredString(named.name, 'tool_choice.function.name') };
}

function decodeResponseFormat(value: JsonValue | undefined): ResponseFormat | undefined {
  const format = optionalObject(value, 'response_format');
  switch (format?.type) {
    case undefined:
      if (format !== undefined) throw invalid('response_format.type', 'a string');
      return undefined;
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json-object' };
    case 'json_schema':
      return decodeJsonSchema(format.json_schema);
    default:
      throw invalid('response_format.type', "'text', 'json_object' or 'json_schema'");
  }
}

function decodeJsonSchema(value: JsonValue | undefined): ResponseFormat {
  const path = 'response_format.json_schema';
  const declared = requiredObject(value, path);
  return {
    type: 'json-schema',
    name: requiredString(declared.name, `${path}.name`),
    schema: optionalObject(declared.schema, `${path}.schema`) ?? {},
    ...present({
      strict: optionalBoolean(declared.strict, `${path}.strict`),
      description: optionalString(declared.description, `${path}.description`),
    }),
  };
}
