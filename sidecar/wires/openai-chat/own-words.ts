/** Whether a client's bytes may pass through to a server: its request says nothing that this server would not understand as it stands. */
import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { ReasoningPart } from '#sidecar/canonical/part';
import type { ClientRequest } from '#sidecar/wires/wire';
import { fitsNineCharacters } from './call-id.ts';
import type { ServerWord, WireOptions } from './wire-options.ts';

/** What of a request a word stands for; undefined or false: it is not said. */
const SAID: Readonly<Record<ServerWord, (request: ChatRequest) => unknown>> = {
  temperature: ({ temperature = 1 }) => temperature !== 1,
  top_p: ({ topP = 1 }) => topP !== 1,
  top_k: ({ topK }) => topK !== undefined,
  presence_penalty: ({ presencePenalty }) => Boolean(presencePenalty),
  frequency_penalty: ({ frequencyPenalty }) => Boolean(frequencyPenalty),
  stop: ({ stop }) => stop.length > 0,
  seed: ({ seed }) => seed !== undefined,
  n: ({ choiceCount = 1 }) => choiceCount > 1,
  logprobs: ({ logprobs }) => logprobs !== undefined,
  parallel_tool_calls: ({ parallelToolCalls }) => parallelToolCalls === false,
  tool_choice: ({ toolChoice }) => toolChoice?.mode === 'required' || toolChoice?.mode === 'tool',
  user: ({ user }) => user !== undefined,
  name: ({ messages }) => messages.some(({ name }) => name !== undefined),
  image_url: ({ messages }) => messages.some(({ parts }) => parts.some(isImageByUrl)),
  file: ({ messages }) => messages.some(({ parts }) => parts.some(({ type }) => type === 'file')),
  stream_options: ({ includeUsage }) => includeUsage,
};

const isImageByUrl = (part: Message['parts'][number]): boolean => part.type === 'image' && part.source.kind === 'url';

/** The words that this model of the server does not know. */
export const lackingWords = ({ lacks, modelLacks }: WireOptions, model: string): readonly ServerWord[] =>
  modelLacks?.models.test(model) === true ? [...lacks, ...modelLacks.lacks] : lacks;

export const isSaid = (word: ServerWord, request: ChatRequest): boolean => Boolean(SAID[word](request));

export function canPass(options: WireOptions, { request, body, model }: ClientRequest): boolean {
  if (options.passes !== 'OwnWords') return options.passes === undefined;
  const essential = request.extensions['openai-chat']?.essential ?? {};
  const otherMaximum = options.maxTokensKey === 'max_tokens' ? body.max_completion_tokens : body.max_tokens;
  return (
    otherMaximum == null &&
    !(options.lacks.includes('stream_options') && body.stream_options != null) &&
    !lackingWords(options, model).some((word) => isSaid(word, request) || word in essential) &&
    !saysOtherwise(options, request) &&
    request.messages.every((message) => isOwnMessage(options, message))
  );
}

/** What the server knows by another name or in another form. */
function saysOtherwise(options: WireOptions, request: ChatRequest): boolean {
  const { seedKey, requiredToolChoice, jsonSchema, isStrict, knows = [] } = options;
  const inert = request.extensions['openai-chat']?.inert ?? {};
  return (
    (options.lacks.includes('tool_choice') && request.toolChoice?.mode === 'none') ||
    (seedKey !== undefined && request.seed !== undefined) ||
    (requiredToolChoice !== undefined && request.toolChoice?.mode === 'required') ||
    (jsonSchema !== undefined && request.responseFormat?.type === 'json-schema') ||
    (isStrict === true && Object.keys(inert).some((key) => !knows.includes(key)))
  );
}

/** Reasoning of earlier turns is in the words of our own dialect, and an assistant's message perhaps in those of another provider. */
function isOwnMessage(options: WireOptions, { role, parts, extensions }: Message): boolean {
  if (role === 'developer') return options.hasDeveloperRole;
  if (options.isStrict === true && (role === 'assistant' || extensions !== undefined)) return false;
  const reasoning = parts.filter((part) => part.type === 'reasoning');
  const hasReasoning = reasoning.length > 0;
  if (hasReasoning && !options.reasoningKeys.includes('reasoning_content') && !reasoning.every(isOwn(options)))
    return false;
  if (options.needsReasoningOfCalls === true && !hasReasoning && parts.some(({ type }) => type === 'tool-call'))
    return false;
  return options.hasNineCharacterCallIds !== true || parts.every(hasFittingId);
}

/** A block that the server itself wrote, in a format of its own. */
const isOwn =
  ({ reasoningFormats }: WireOptions) =>
  ({ signature, redacted }: ReasoningPart): boolean =>
    reasoningFormats?.test((redacted ?? signature)?.by ?? '') === true;

function hasFittingId(part: Message['parts'][number]): boolean {
  if (part.type === 'tool-call') return fitsNineCharacters(part.id);
  return part.type !== 'tool-result' || fitsNineCharacters(part.toolCallId);
}
