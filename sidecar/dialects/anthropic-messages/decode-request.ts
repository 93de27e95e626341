/** Messages request → canonical request. What this API alone knows stays in `extensions`, verbatim; so do its own words for what is said canonically. */

import type { ChatRequest, Message, ResponseFormat, ToolChoice } from '#sidecar/canonical/chat-request';
import type { ApiExtension } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach, once } from '#sidecar/canonical/walk';
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
import { isJsonObject } from '#sidecar/json/body';
import { API_ID } from './api-id.ts';
import { decodeContent } from './decode-content.ts';
import { decodeMessages, holdsForeignProof } from './decode-messages.ts';
import { decodeThinking } from './decode-thinking.ts';
import { type DecodedTools, decodeTools } from './decode-tools.ts';

/** The top-level keys that are read; all others are extensions. */
export const READ_KEYS: readonly string[] = [
  'model',
  'messages',
  'system',
  'max_tokens',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'metadata',
  'stream',
];

const KNOWN = new Set(READ_KEYS);
/** Of those that the canonical request cannot say: what is about the call, its price or its place in a cache, and not about the answer. */
const INERT = new Set(['cache_control', 'service_tier', 'speed', 'diagnostics', 'user_profile_id', 'workspace_id']);
/** The turns before these, which Anthropic keeps. */
const INDISPENSABLE = new Set(['thread']);
/** What the canonical request says in its own words, and this API wants back in its. */
const RESTATED = [
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'metadata',
];
/** The API takes one schema and gives it no name; others want one. */
const SCHEMA_NAME = 'response';

/** Throws `invalid_request`. */
export function decodeRequest(body: JsonObject): ChatRequest {
  const said = decodeMessages(requiredArray(body.messages, 'messages'));
  const turns = once(() => markPrefill(said));
  // With nothing new said, a thread goes on where it paused.
  if (turns.length === 0 && body.thread == null) throw invalid('messages', 'an array of at least one message');
  const tools = decodeTools(body.tools);
  const choice = decodeToolChoice(body.tool_choice, tools);
  const outputConfig = optionalObject(body.output_config, 'output_config');
  const thinking = decodeThinking(body.thinking, optionalString(outputConfig?.effort, 'output_config.effort'));
  const responseFormat = decodeFormat(outputConfig?.format, body.output_format);
  const user = optionalString(optionalObject(body.metadata, 'metadata')?.user_id, 'metadata.user_id');
  return {
    operation: 'chat',
    model: requiredString(body.model, 'model'),
    messages: [...decodeSystem(body.system), ...turns],
    tools: tools.functions,
    stop: mapEach(optionalArray(body.stop_sequences, 'stop_sequences'), (entry, index) =>
      requiredString(entry, `stop_sequences[${index}]`),
    ),
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    // The API counts in every stream, asked or not.
    includeUsage: true,
    extensions: {
      [API_ID]: decodeExtensions(body, thinking.unsaid === 'inert', {
        ...(tools.others.length > 0 && { tools: [...tools.others] }),
        ...(choice.isForeign && { tool_choice: body.tool_choice }),
        ...(thinking.unsaid === 'essential' && { thinking: body.thinking }),
      }),
    },
    ...(once(() => turns.some(holdsForeignProof)) && { mustRewrite: true }),
    ...decodeNumbers(body),
    ...choice.members,
    ...(responseFormat !== undefined && { responseFormat }),
    ...(thinking.reasoning !== undefined && { reasoning: thinking.reasoning }),
    ...(user !== undefined && { user }),
  };
}

/** This API's models go on where a last turn of theirs ends. */
function markPrefill(turns: readonly Message[]): readonly Message[] {
  const last = turns.at(-1);
  return last?.role === 'assistant' ? [...turns.slice(0, -1), { ...last, isPrefill: true }] : turns;
}

function decodeSystem(value: JsonValue | undefined): Message[] {
  if (value === undefined || value === null || value === '') return [];
  return [{ role: 'system', parts: decodeContent(value, 'system') }];
}

/** `unsaid`: what the canonical request cannot say of members that it reads; of thinking that is left to the model, others are told by its name alone. */
function decodeExtensions(body: JsonObject, leavesThinking: boolean, unsaid: JsonObject): ApiExtension {
  const news = Object.entries(restOf(body, KNOWN) ?? {});
  const indispensable = news.filter(([key]) => INDISPENSABLE.has(key));
  const rest = news.filter(([key]) => !INDISPENSABLE.has(key));
  const isInert = ([key, value]: readonly [string, JsonValue | undefined]): boolean =>
    INERT.has(key) || (key === 'context_management' && onlyClears(value));
  const restated = RESTATED.flatMap((key) => (body[key] == null ? [] : [[key, body[key]] as const]));
  return {
    ...(indispensable.length > 0 && { indispensable: Object.fromEntries(indispensable) }),
    essential: Object.fromEntries([...rest.filter((member) => !isInert(member)), ...Object.entries(unsaid)]),
    inert: { ...Object.fromEntries(rest.filter(isInert)), ...(leavesThinking && { thinking: body.thinking }) },
    restated: Object.fromEntries(restated),
  };
}

/** Clearing leaves out what the model has seen before, to save input; another API is sent all of it. */
function onlyClears(management: JsonValue | undefined): boolean {
  const edits = isJsonObject(management) ? management.edits : undefined;
  return (
    Array.isArray(edits) &&
    edits.every((edit) => isJsonObject(edit) && typeof edit.type === 'string' && edit.type.startsWith('clear_'))
  );
}

function decodeNumbers(body: JsonObject) {
  // 0 asks for a warm cache and no answer.
  const maxOutputTokens = optionalInteger(body.max_tokens, 'max_tokens', 0);
  const temperature = optionalNumber(body.temperature, 'temperature');
  const topP = optionalNumber(body.top_p, 'top_p');
  const topK = optionalInteger(body.top_k, 'top_k', 0);
  return {
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
  };
}

interface DecodedChoice {
  readonly members: { readonly toolChoice?: ToolChoice; readonly parallelToolCalls?: boolean };
  /** It names what only this API knows. */
  readonly isForeign: boolean;
}

function decodeToolChoice(value: JsonValue | undefined, { others }: DecodedTools): DecodedChoice {
  const choice = optionalObject(value, 'tool_choice');
  if (choice === undefined) return { members: {}, isForeign: false };
  const isSingle = optionalBoolean(choice.disable_parallel_tool_use, 'tool_choice.disable_parallel_tool_use') === true;
  const toolChoice = modeOf(choice);
  const isForeign =
    toolChoice === undefined || (toolChoice.mode === 'tool' && others.some(({ name }) => name === toolChoice.name));
  return {
    members: { ...(!isForeign && { toolChoice }), ...(isSingle && { parallelToolCalls: false }) },
    isForeign,
  };
}

function modeOf(choice: JsonObject): ToolChoice | undefined {
  switch (requiredString(choice.type, 'tool_choice.type')) {
    case 'auto':
      return { mode: 'auto' };
    case 'any':
      return { mode: 'required' };
    case 'none':
      return { mode: 'none' };
    case 'tool':
      return { mode: 'tool', name: requiredString(choice.name, 'tool_choice.name') };
    default:
      return undefined;
  }
}

/** `output_format` is what the API called it in its beta. */
function decodeFormat(
  inConfig: JsonValue | undefined,
  inBeta: JsonValue | undefined,
): Exclude<ResponseFormat, { type: 'text' }> | undefined {
  const path = inConfig == null ? 'output_format' : 'output_config.format';
  const format = optionalObject(inConfig ?? inBeta, path);
  if (format === undefined) return undefined;
  if (format.type !== 'json_schema') throw invalid(`${path}.type`, "'json_schema'");
  return {
    type: 'json-schema',
    name: SCHEMA_NAME,
    schema: requiredObject(format.schema, `${path}.schema`),
    strict: 'preferred',
  };
}
