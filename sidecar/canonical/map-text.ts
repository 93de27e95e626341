/** Visits every text that a person, a tool or a model may have written, so that who inspects text need not know the kinds of parts. */

import type { ChatRequest, Message, Tool } from './chat-request.ts';
import type { EmbeddingsInput, EmbeddingsRequest } from './embeddings.ts';
import type { ApiExtension, Extensions } from './extensions.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { Part } from './part.ts';
import { flatMapEach, mapEach } from './walk.ts';

export type TextChange = (text: string) => string;

/** The request with each text replaced. Ids, names of tools, media data and URLs of images stay as they are. */
export const mapRequestText = (request: ChatRequest, change: TextChange): ChatRequest => ({
  ...request,
  messages: mapEach(request.messages, (message) => mapMessage(message, change)),
  tools: mapEach(request.tools, (tool) => mapTool(tool, change)),
  ...mapAbout(request, change),
});

/** Tokens stay as they are: they are no text that anybody here can read. */
export const mapEmbeddingsText = (request: EmbeddingsRequest, change: TextChange): EmbeddingsRequest => ({
  ...request,
  input: mapInput(request.input, change),
  ...mapAbout(request, change),
});

function mapInput(input: EmbeddingsInput, change: TextChange): EmbeddingsInput {
  switch (input.kind) {
    case 'texts':
      return { ...input, texts: mapEach(input.texts, (text) => change(text)) };
    case 'opaque':
      return { ...input, contents: mapEach(input.contents, (content) => mapJsonText(content, change)) };
    case 'tokens':
      return input;
  }
}

/** What any request may say beside its content. */
const mapAbout = (
  { user, extensions }: { readonly user?: string; readonly extensions: Extensions },
  change: TextChange,
) => ({
  ...(user !== undefined && { user: change(user) }),
  extensions: mapExtensions(extensions, change),
});

const mapExtensions = (extensions: Extensions, change: TextChange): Extensions =>
  Object.fromEntries(
    Object.entries(extensions).map(([api, extension]) => [api, extension && mapExtension(extension, change)]),
  );

const mapOwn = (
  { extensions }: { readonly extensions?: Extensions },
  change: TextChange,
): { extensions?: Extensions } => (extensions === undefined ? {} : { extensions: mapExtensions(extensions, change) });

const mapExtension = (
  { indispensable, essential, inert, restated }: ApiExtension,
  change: TextChange,
): ApiExtension => ({
  ...(indispensable !== undefined && { indispensable: mapJsonText(indispensable, change) }),
  essential: mapJsonText(essential, change),
  inert: mapJsonText(inert, change),
  restated: mapJsonText(restated, change),
});

/**
 * Reasoning whose text changed is left out when it carries a signature: the provider would refuse the changed text, and the unchanged one
 * must not be sent.
 */
export function mapPartText(part: Part, change: TextChange): readonly Part[] {
  switch (part.type) {
    case 'text':
      return [{ ...part, text: change(part.text), ...mapOwn(part, change) }];
    case 'refusal':
      return [{ ...part, text: change(part.text) }];
    case 'image':
    case 'file':
      return [{ ...part, ...mapOwn(part, change) }];
    case 'reasoning': {
      const text = change(part.text);
      return text !== part.text && part.signature !== undefined ? [] : [{ ...part, text }];
    }
    case 'tool-call':
      return [{ ...part, arguments: change(part.arguments), ...mapOwn(part, change) }];
    case 'tool-result': {
      const parts = mapEach(part.parts, (inner) => ({
        ...inner,
        ...(inner.type === 'text' && { text: change(inner.text) }),
        ...mapOwn(inner, change),
      }));
      return [{ ...part, parts, ...mapOwn(part, change) }];
    }
    case 'opaque':
      return [{ ...part, value: mapJsonText(part.value, change) }];
  }
}

const mapMessage = (message: Message, change: TextChange): Message => ({
  ...message,
  parts: flatMapEach(message.parts, (part) => mapPartText(part, change)),
  ...(message.extensions === undefined ? {} : { extensions: mapMembers(message.extensions, change) }),
});

const mapTool = (tool: Tool, change: TextChange): Tool => ({
  ...tool,
  ...(tool.description === undefined ? {} : { description: change(tool.description) }),
  ...(tool.parameters === undefined ? {} : { parameters: mapJsonText(tool.parameters, change) }),
  ...mapOwn(tool, change),
});

const mapMembers = (members: NonNullable<Message['extensions']>, change: TextChange): Message['extensions'] =>
  Object.fromEntries(Object.entries(members).map(([api, fields]) => [api, fields && mapJsonText(fields, change)]));

function mapValue(value: JsonValue | undefined, change: TextChange): JsonValue | undefined {
  if (typeof value === 'string') return change(value);
  if (value === null || typeof value !== 'object') return value;
  return Array.isArray(value) ? mapEach(value, (item) => mapValue(item, change) ?? null) : mapJsonText(value, change);
}

/** Every string in it; names of members stay. */
export const mapJsonText = (object: JsonObject, change: TextChange): JsonObject =>
  Object.fromEntries(mapEach(Object.entries(object), ([key, value]) => [key, mapValue(value, change)]));
