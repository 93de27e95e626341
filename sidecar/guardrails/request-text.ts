/** Visits every text of a request that a person or a tool may have written; ids, names, media data and URLs of images stay as they are. */
import type { ChatRequest, Message, Tool } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';

export type TextChange = (text: string) => string;

export function mapRequestText(request: ChatRequest, change: TextChange): ChatRequest {
  return {
    ...request,
    messages: request.messages.map((message) => mapMessage(message, change)),
    tools: request.tools.map((tool) => mapTool(tool, change)),
    ...(request.user === undefined ? {} : { user: change(request.user) }),
    extensions: Object.fromEntries(
      Object.entries(request.extensions).map(([api, fields]) => [api, fields && mapObject(fields, change)]),
    ),
  };
}

const mapMessage = (message: Message, change: TextChange): Message => ({
  ...message,
  parts: message.parts.map((part) => mapPart(part, change)),
});

const mapTool = (tool: Tool, change: TextChange): Tool => ({
  ...tool,
  ...(tool.description === undefined ? {} : { description: change(tool.description) }),
  ...(tool.parameters === undefined ? {} : { parameters: mapObject(tool.parameters, change) }),
});

function mapPart(part: Part, change: TextChange): Part {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return { ...part, text: change(part.text) };
    case 'tool-call':
      return { ...part, arguments: change(part.arguments) };
    case 'tool-result':
      return {
        ...part,
        parts: part.parts.map((inner) => (inner.type === 'text' ? { ...inner, text: change(inner.text) } : inner)),
      };
    default:
      return part;
  }
}

function mapValue(value: JsonValue | undefined, change: TextChange): JsonValue | undefined {
  if (typeof value === 'string') return change(value);
  if (value === null || typeof value !== 'object') return value;
  return Array.isArray(value) ? value.map((item) => mapValue(item, change) ?? null) : mapObject(value, change);
}

const mapObject = (object: JsonObject, change: TextChange): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, mapValue(value, change)]));
