/** Visits the texts of a request or an answer that people or models wrote, so that a guardrail need not know the kinds of parts. */
import type { ChatRequest, Role } from './chat-request.ts';
import type { ChatResponse } from './chat-response.ts';
import type { Part, TextPart } from './part.ts';

export interface TextSite {
  readonly role: Role;
  /** Index of the message in the request, or of the choice in the answer. */
  readonly index: number;
  readonly kind: 'text' | 'tool-arguments' | 'tool-result' | 'reasoning' | 'refusal';
}

export type TextMapper = (text: string, site: TextSite) => string;

/**
 * A request with each text replaced by what `map` returns for it; parts whose text stays equal keep their identity. Reasoning with a
 * signature is visited but never replaced: a changed text makes the signature invalid.
 */
export const mapRequestText = (request: ChatRequest, map: TextMapper): ChatRequest => ({
  ...request,
  messages: request.messages.map((message, index) => ({
    ...message,
    parts: message.parts.map((part) => mapPart(part, message.role, index, map)),
  })),
});

/** The same over the choices of an answer. */
export const mapResponseText = (response: ChatResponse, map: TextMapper): ChatResponse => ({
  ...response,
  choices: response.choices.map((choice) => ({
    ...choice,
    parts: choice.parts.map((part) => mapPart(part, 'assistant', choice.index, map)),
  })),
});

function mapPart(part: Part, role: Role, index: number, map: TextMapper): Part {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return withText(part, map(part.text, { role, index, kind: part.type }));
    case 'reasoning': {
      const text = map(part.text, { role, index, kind: 'reasoning' });
      return part.signature === undefined ? withText(part, text) : part;
    }
    case 'tool-call': {
      const text = map(part.arguments, { role, index, kind: 'tool-arguments' });
      return text === part.arguments ? part : { ...part, arguments: text };
    }
    case 'tool-result': {
      const mapped = (text: TextPart): TextPart => withText(text, map(text.text, { role, index, kind: 'tool-result' }));
      return { ...part, parts: part.parts.map((inner) => (inner.type === 'text' ? mapped(inner) : inner)) };
    }
    default:
      return part;
  }
}

const withText = <P extends { readonly text: string }>(part: P, text: string): P =>
  text === part.text ? part : { ...part, text };
