/** A whole answer as the events of a stream that tells it. What only the whole answer of one API says of a part, such as citations in a text, has no place in it. */
import type { ChatResponse, Choice } from './chat-response.ts';
import { type ApiMembers, allOf, type Extensions } from './extensions.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { Part, ReasoningPart, ToolCallPart } from './part.ts';
import type { StreamEvent } from './stream-event.ts';

const choice = 0;

/** undefined: it has not exactly one choice, or no form as a stream. */
export function unfoldResponse(response: ChatResponse): readonly StreamEvent[] | undefined {
  const [only, ...others] = response.choices;
  if (only === undefined || others.length > 0) return undefined;
  const content = contentOf(only);
  if (content === undefined) return undefined;
  const { id, model, created, usage } = response;
  const { ofFinish, ofUsage } = parted(response.extensions);
  const raw = only.rawFinishReason;
  return [
    { type: 'response-start', id, model, ...(created !== undefined && { created }) },
    ...content,
    ...(only.extensions === undefined ? [] : [{ type: 'members', choice, extensions: only.extensions } as const]),
    {
      ...{ type: 'finish', choice, reason: only.finishReason },
      ...(raw !== undefined && { raw }),
      ...(ofFinish && { extensions: ofFinish }),
    },
    ...(usage === undefined ? [] : [{ type: 'usage', usage, ...(ofUsage && { extensions: ofUsage }) } as const]),
    { type: 'response-end' },
  ];
}

function contentOf({ parts, logprobs }: Choice): readonly StreamEvent[] | undefined {
  const events: StreamEvent[] = [];
  let calls = 0;
  for (const part of parts) {
    const told = part.type === 'tool-call' ? callOf(part, calls) : eventsOf(part);
    if (told === undefined) return undefined;
    if (part.type === 'tool-call') calls += 1;
    events.push(...told);
  }
  return logprobs == null ? events : withLogprobs(events, logprobs);
}

/** They are told with a text. */
function withLogprobs(events: readonly StreamEvent[], logprobs: JsonValue): readonly StreamEvent[] | undefined {
  const first = events.findIndex(({ type }) => type === 'text-delta');
  if (first === -1) return undefined;
  return events.map((event, at) => (at === first && event.type === 'text-delta' ? { ...event, logprobs } : event));
}

function eventsOf(part: Part): readonly StreamEvent[] | undefined {
  switch (part.type) {
    case 'text':
      return saysMore(part.extensions) ? undefined : [{ type: 'text-delta', choice, text: part.text }];
    case 'refusal':
      return [{ type: 'refusal-delta', choice, text: part.text }];
    case 'reasoning':
      return reasoningOf(part);
    case 'image':
      return [{ type: 'image', choice, image: part }];
    default:
      return undefined;
  }
}

function reasoningOf({ text, signature, redacted }: ReasoningPart): readonly StreamEvent[] {
  if (redacted !== undefined) return [{ type: 'reasoning-redacted', choice, redacted }];
  const delta: StreamEvent = { type: 'reasoning-delta', choice, text };
  return signature === undefined ? [delta] : [delta, { type: 'reasoning-signature', choice, signature }];
}

function callOf({ id, name, arguments: text, signature, extensions }: ToolCallPart, index: number): StreamEvent[] {
  const members = extensions && membersOf(extensions);
  return [
    {
      ...{ type: 'tool-call-start', choice, index, id, name },
      ...(signature !== undefined && { signature }),
      ...(members && { extensions: members }),
    },
    { type: 'tool-call-delta', choice, index, arguments: text },
  ];
}

const membersOf = (extensions: Extensions): ApiMembers =>
  Object.fromEntries(Object.entries(extensions).map(([api, own]) => [api, allOf(own)]));

const saysMore = (extensions: Extensions = {}): boolean =>
  Object.values(extensions).some((own) => Object.keys(allOf(own)).length > 0);

/** What an API says of the usage stands in a member of that name, which a stream tells with the usage. */
function parted(extensions: ChatResponse['extensions']): {
  readonly ofFinish?: ApiMembers;
  readonly ofUsage?: ApiMembers;
} {
  const ofFinish: Record<string, JsonObject> = {};
  const ofUsage: Record<string, JsonObject> = {};
  for (const [api, own = {}] of Object.entries(extensions)) {
    const { usage, ...rest } = own;
    if (Object.keys(rest).length > 0) ofFinish[api] = rest;
    if (typeof usage === 'object' && usage !== null && !Array.isArray(usage)) ofUsage[api] = usage;
  }
  return {
    ...(Object.keys(ofFinish).length > 0 && { ofFinish }),
    ...(Object.keys(ofUsage).length > 0 && { ofUsage }),
  };
}
