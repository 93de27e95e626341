/** Canonical request → body of a Chat Completions call. Streams always ask for usage: metering needs it. */

import type { ChatRequest, ResponseFormat, Tool, ToolChoice } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach, once } from '#sidecar/canonical/walk';
import { noteCacheMarks } from '#sidecar/wires/cache-marks';
import { loseForeignExtensions } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { loseParallelLimit } from '#sidecar/wires/parallel-calls';
import { pathName } from '#sidecar/wires/path-name';
import { losePrefill } from '#sidecar/wires/prefill';
import { asObject, asObjects, without } from '#sidecar/wires/read-field';
import { strictOf } from '#sidecar/wires/strict-schema';
import type { PassthroughChanges } from '#sidecar/wires/wire';
import { encodeMessage } from './encode-message.ts';
import { fitRequest } from './fit-request.ts';
import { isSaid, lackingWords } from './own-words.ts';
import type { ServerWord, WireOptions } from './wire-options.ts';

/** The answer is the same without these. */
const INERT_WORDS: ReadonlySet<ServerWord> = new Set(['user', 'name', 'stream_options']);
/** Lost at the message that says them. */
const WORDS_OF_MESSAGES: ReadonlySet<ServerWord> = new Set(['name', 'image_url', 'file']);

export function encodeRequest(
  options: WireOptions,
  asked: ChatRequest,
  { model, losses }: { readonly model: string; readonly losses: Losses },
): JsonObject {
  loseForeignExtensions(asked, 'openai-chat', losses);
  const isContinued = options.continuesPrefill !== undefined;
  const request = fitRequest(isContinued ? asked : losePrefill(asked, losses), model, losses);
  const lacks = lackingWords(options, model);
  loseWords(lacks, request, losses);
  if (options.takesCacheMarks !== true) noteCacheMarks(request, losses);
  const context = { options, lacks, losses };
  const messages = mapEach(request.messages, (message, index) =>
    encodeMessage(message, { ...context, path: `messages[${request.cameAs?.[index] ?? index}]` }),
  );
  const { tools, stream_options: streamOptions, ...own } = ownExtensions(options, request, { lacks, losses });
  return defined({
    model,
    messages,
    ...encodeSampling(options, request),
    ...encodeTools(options, request, tools),
    parallel_tool_calls: request.parallelToolCalls,
    response_format: encodeResponseFormat(options, request.responseFormat, losses),
    ...encodeReasoning(options, request, losses),
    user: request.user === own.safety_identifier ? undefined : request.user,
    ...silenced(lacks),
    ...(asked.messages.at(-1)?.isPrefill && options.continuesPrefill),
    ...own,
    stream: request.stream ? true : undefined,
    stream_options:
      request.stream && !lacks.includes('stream_options')
        ? { ...asObject(streamOptions), include_usage: true }
        : undefined,
  });
}

const silenced = (lacks: readonly ServerWord[]): JsonObject => ({
  ...Object.fromEntries(lacks.map((word) => [word, undefined])),
  ...(lacks.includes('logprobs') && { top_logprobs: undefined }),
});

function loseWords(lacks: readonly ServerWord[], request: ChatRequest, losses: Losses): void {
  for (const word of lacks) {
    if (WORDS_OF_MESSAGES.has(word) || word === 'stream_options' || !once(() => isSaid(word, request))) continue;
    if (INERT_WORDS.has(word)) losses.note(word);
    else if (word === 'parallel_tool_calls') loseParallelLimit(request, losses);
    else losses.drop(word);
  }
}

/** What this API alone knows of the request, but for what the server is known to lack. */
function ownExtensions(
  { isStrict, knows = [] }: WireOptions,
  { extensions }: ChatRequest,
  { lacks, losses }: { readonly lacks: readonly string[]; readonly losses: Losses },
): JsonObject {
  const { essential, inert, restated } = extensions['openai-chat'] ?? { essential: {}, inert: {}, restated: {} };
  const lost = Object.keys(essential).filter((key) => lacks.includes(key));
  for (const key of lost) losses.drop(pathName(key));
  const kept = without(essential, new Set(lost));
  if (isStrict !== true) return { ...kept, ...inert, ...restated };
  const unknown = new Set(Object.keys(inert).filter((key) => !knows.includes(key)));
  for (const key of unknown) losses.note(pathName(key));
  return { ...kept, ...without(inert, unknown) };
}

function encodeReasoning({ hasReasoningObject }: WireOptions, { reasoning }: ChatRequest, losses: Losses): JsonObject {
  if (reasoning === undefined) return {};
  const { effort, budgetTokens } = reasoning;
  if (hasReasoningObject === true) return { reasoning: defined({ effort, max_tokens: budgetTokens }) };
  // A budget is told by the effort that stands beside it.
  if (budgetTokens !== undefined && effort === undefined) losses.drop('reasoning.budget_tokens');
  if (budgetTokens !== undefined && effort !== undefined) losses.note('reasoning.budget_tokens');
  return { reasoning_effort: effort };
}

/** What has to change in a body that is otherwise forwarded as it came. */
export function passthroughEdits(
  options: WireOptions,
  body: JsonObject,
  changes: PassthroughChanges,
): Record<string, JsonValue> {
  const key = body.max_completion_tokens == null && body.max_tokens != null ? 'max_tokens' : options.maxTokensKey;
  return {
    model: changes.model,
    ...(changes.maxOutputTokens !== undefined && { [key]: changes.maxOutputTokens }),
    ...(body.stream === true &&
      !options.lacks.includes('stream_options') && {
        stream_options: { ...asObject(body.stream_options), include_usage: true },
      }),
  };
}

const defined = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

const encodeSampling = (options: WireOptions, request: ChatRequest): JsonObject => ({
  [options.maxTokensKey]: request.maxOutputTokens,
  temperature: request.temperature,
  top_p: request.topP,
  top_k: request.topK,
  presence_penalty: request.presencePenalty,
  frequency_penalty: request.frequencyPenalty,
  [options.seedKey ?? 'seed']: request.seed,
  stop: request.stop.length > 0 ? [...request.stop] : undefined,
  n: request.choiceCount,
  logprobs: request.logprobs === undefined ? undefined : true,
  top_logprobs: request.logprobs?.top,
});

function encodeTools(options: WireOptions, request: ChatRequest, others: JsonValue | undefined): JsonObject {
  const all = [...mapEach(request.tools, (tool) => encodeTool(options, tool)), ...asObjects(others)];
  const { toolChoice } = request;
  // Such a server cannot be told to leave the tools alone but by not being told of them.
  if (toolChoice?.mode === 'none' && options.lacks.includes('tool_choice')) return {};
  return { tools: all.length > 0 ? all : undefined, tool_choice: encodeToolChoice(options, toolChoice) };
}

const encodeTool = ({ takesCacheMarks }: WireOptions, tool: Tool): JsonObject => {
  const { name, description, parameters, strict, cacheControl } = tool;
  return {
    type: 'function',
    function: defined({ name, description, parameters, strict }),
    ...(takesCacheMarks === true &&
      cacheControl !== undefined && { cache_control: { type: 'ephemeral', ...cacheControl } }),
  };
};

function encodeToolChoice({ requiredToolChoice }: WireOptions, choice: ToolChoice | undefined): JsonValue | undefined {
  if (choice?.mode === 'tool') return { type: 'function', function: { name: choice.name } };
  return choice?.mode === 'required' ? (requiredToolChoice ?? choice.mode) : choice?.mode;
}

function encodeResponseFormat(
  { jsonSchema }: WireOptions,
  format: ResponseFormat | undefined,
  losses: Losses,
): JsonObject | undefined {
  switch (format?.type) {
    case undefined:
      return undefined;
    case 'json-schema': {
      const { name, schema, description } = format;
      if (jsonSchema === 'value') return { type: 'json', value: schema };
      if (jsonSchema === 'none') return void losses.drop('response_format');
      const strict = strictOf(format, losses);
      return { type: 'json_schema', json_schema: defined({ name, description, schema, strict }) };
    }
    case 'json-object':
      return { type: 'json_object' };
    case 'text':
      return { type: 'text' };
  }
}
