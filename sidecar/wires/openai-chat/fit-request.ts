/** Says in another way what Chat Completions has no place for, so that clients of richer APIs are answered all the same. */

import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { ImagePart, Part, TextPart, ToolResultPart } from '#sidecar/canonical/part';
import { filterEach, flatMapEach, foldEach, mapEach, once } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';

/** "Expected a string with maximum length 64" (OpenAI's API): Claude Code's `metadata.user_id` is longer. */
const MAX_USER_LENGTH = 64;

interface FittedRequest extends ChatRequest {
  /** Which of the messages that came each of these is, or follows from. Absent: the one in its place. */
  readonly cameAs?: readonly number[];
}

export function fitRequest(request: ChatRequest, model: string, losses: Losses): FittedRequest {
  const effort = fitEffort(request.reasoning?.effort, model, losses);
  const { user, reasoning, ...rest } = request;
  const isUserTooLong = user !== undefined && user.length > MAX_USER_LENGTH;
  if (isUserTooLong) losses.note('user');
  return {
    ...rest,
    ...(once(() => request.messages.some(holdsResult)) && moveImages(request.messages, losses)),
    ...(user !== undefined && !isUserTooLong && { user }),
    ...(reasoning !== undefined && { reasoning: withEffort(reasoning, effort) }),
  };
}

const withEffort = ({ budgetTokens }: NonNullable<ChatRequest['reasoning']>, effort: string | undefined) => ({
  ...(budgetTokens !== undefined && { budgetTokens }),
  ...(effort !== undefined && { effort }),
});

/** OpenAI's own models by name; what other servers take is theirs to say. Source: OpenAI's API reference of `reasoning_effort`. */
const WITHOUT_REASONING = /^(?:gpt-3|gpt-4|chatgpt|gpt-5(?:\.\d+)?-chat)/;
const WITHOUT_NONE = /^(?:o\d|codex-mini|gpt-5(?!\.\d))/;
const WITHOUT_XHIGH = /^(?:o\d|codex-mini|gpt-5(?!\.\d)|gpt-5\.1(?!-codex-max))/;

function fitEffort(effort: string | undefined, model: string, losses: Losses): string | undefined {
  if (effort === undefined) return undefined;
  if (WITHOUT_REASONING.test(model)) {
    if (effort !== 'none') losses.drop('reasoning_effort');
    return undefined;
  }
  if (effort === 'none' && WITHOUT_NONE.test(model)) {
    losses.note('reasoning_effort');
    return undefined;
  }
  return (effort === 'xhigh' || effort === 'max') && WITHOUT_XHIGH.test(model) ? 'high' : effort;
}

const holdsResult = ({ role }: Message): boolean => role === 'tool';

/** Tool messages hold text alone (API reference): the images of a run of results follow it in a message of the user. */
function moveImages(
  messages: readonly Message[],
  losses: Losses,
): Pick<Required<FittedRequest>, 'messages' | 'cameAs'> {
  const start = (): Moved => ({ messages: [], cameAs: [], images: [] });
  const moved = foldEach(messages, start, (state, message, index) => {
    const parts = mapEach(message.parts, (part) => (part.type === 'tool-result' ? textOf(part) : part));
    const images = flatMapEach(message.parts, (part) => (part.type === 'tool-result' ? imagesOf(part) : []));
    if (once(() => message.parts.some(hasFailed))) losses.note(`messages[${index}].is_error`);
    if (!holdsResult(message)) flush(state);
    state.cameAs.push(index);
    state.messages.push({ ...message, parts });
    state.images = state.images.concat(images);
  });
  once(() => flush(moved));
  return moved;
}

const hasFailed = (part: Part): boolean => part.type === 'tool-result' && part.isError === true;

interface Moved {
  readonly messages: Message[];
  readonly cameAs: number[];
  /** Of the results since the last message that is none. */
  images: Part[];
}

function flush(moved: Moved): void {
  const { messages, cameAs, images } = moved;
  if (images.length === 0) return;
  messages.push({ role: 'user', parts: images });
  cameAs.push(cameAs.at(-1) ?? 0);
  moved.images = [];
}

const isImage = (part: TextPart | ImagePart): part is ImagePart => part.type === 'image';

function textOf(result: ToolResultPart): ToolResultPart {
  const texts = filterEach(result.parts, (part) => !isImage(part));
  if (texts.length === result.parts.length) return result;
  const place: TextPart = { type: 'text', text: 'The image of this result is in the next message of the user.' };
  return { ...result, parts: [...texts, place] };
}

function imagesOf({ toolCallId, parts }: ToolResultPart): Part[] {
  const images = filterEach(parts, isImage);
  return images.length === 0 ? [] : [{ type: 'text', text: `Result of the tool call ${toolCallId}:` }, ...images];
}
