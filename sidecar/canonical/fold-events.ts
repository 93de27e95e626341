/** A streamed answer as a whole one. What only the stream of one API says, such as citations between two pieces of text, has no place in it. */
import type { ChatResponse, Choice } from './chat-response.ts';
import type { ApiExtension, ApiMembers } from './extensions.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { mergeMembers, mergeValues } from './merge-members.ts';
import type { Part, ReasoningPart, ToolCallPart } from './part.ts';
import type { StreamEvent } from './stream-event.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type ChoiceEvent = Extract<StreamEvent, { readonly choice: number }>;

/** undefined: it did not end, has several choices, or has no whole form. */
export function foldEvents(events: readonly StreamEvent[]): ChatResponse | undefined {
  const fold = new Fold();
  return events.every((event) => fold.add(event)) ? fold.response() : undefined;
}

class Fold {
  readonly #response: Mutable<Pick<ChatResponse, 'id' | 'model' | 'created' | 'usage'>> = { id: '', model: '' };
  readonly #parts: Part[] = [];
  readonly #calls = new Map<number, Mutable<ToolCallPart>>();
  #own: Record<string, JsonObject> = {};
  #members: Record<string, JsonObject> | undefined;
  #logprobs: JsonValue | undefined;
  #finish: Extract<StreamEvent, { type: 'finish' }> | undefined;
  #hasEnded = false;

  /** False: it has no place. */
  add(event: StreamEvent): boolean {
    switch (event.type) {
      case 'response-start': {
        const { type: _, ...head } = event;
        Object.assign(this.#response, head);
        return true;
      }
      case 'usage':
        this.#response.usage = event.usage;
        // As a whole answer has it: beside what else its API says of the answer.
        for (const [api, usage = {}] of Object.entries(event.extensions ?? {}))
          this.#add(this.#own, { [api]: { usage } });
        return true;
      case 'error':
        return false;
      case 'response-end':
        this.#hasEnded = true;
        return true;
      default:
        return event.choice === 0 && this.#addToChoice(event);
    }
  }

  #addToChoice(event: ChoiceEvent): boolean {
    switch (event.type) {
      case 'text-delta':
        this.#logprobs = mergeValues(this.#logprobs, event.logprobs);
        return this.#grow('text', event.text);
      case 'refusal-delta':
        return this.#grow('refusal', event.text);
      case 'reasoning-delta':
        return this.#grow('reasoning', event.text);
      case 'reasoning-signature':
        return this.#sign({ signature: event.signature });
      case 'reasoning-redacted':
        return this.#parts.push({ type: 'reasoning', text: '', redacted: event.redacted }) > 0;
      case 'tool-call-start':
        return this.#startCall(event);
      case 'tool-call-delta': {
        const call = this.#calls.get(event.index);
        if (call !== undefined) call.arguments += event.arguments;
        return call !== undefined;
      }
      case 'image':
        return this.#parts.push(event.image) > 0;
      case 'members':
        this.#members ??= {};
        return this.#add(this.#members, event.extensions);
      case 'finish':
        this.#finish = event;
        return this.#add(this.#own, event.extensions ?? {});
      case 'opaque-part':
        return false;
    }
  }

  #grow(type: 'text' | 'refusal' | 'reasoning', text: string): boolean {
    const last = this.#parts.at(-1);
    const isOpen = last?.type === type && (last.type !== 'reasoning' || isUnsigned(last));
    if (isOpen) (last as Mutable<typeof last>).text += text;
    // An empty piece opens nothing.
    else if (text !== '') this.#parts.push({ type, text });
    return true;
  }

  #sign(signed: Pick<ReasoningPart, 'signature'>): boolean {
    const last = this.#parts.at(-1);
    if (last?.type === 'reasoning' && isUnsigned(last)) Object.assign(last, signed);
    else this.#parts.push({ type: 'reasoning', text: '', ...signed });
    return true;
  }

  #startCall({ index, id, name, signature, extensions }: Extract<StreamEvent, { type: 'tool-call-start' }>): boolean {
    const call: Mutable<ToolCallPart> = {
      ...{ type: 'tool-call', id, name, arguments: '' },
      ...(signature !== undefined && { signature }),
      ...(extensions !== undefined && { extensions: asExtensions(extensions) }),
    };
    this.#calls.set(index, call);
    return this.#parts.push(call) > 0;
  }

  #add(to: Record<string, JsonObject>, members: ApiMembers): true {
    for (const [api, own = {}] of Object.entries(members)) to[api] = mergeMembers(to[api] ?? {}, own);
    return true;
  }

  response(): ChatResponse | undefined {
    const finish = this.#finish;
    if (!this.#hasEnded || finish === undefined) return undefined;
    const choice: Choice = {
      index: 0,
      parts: this.#parts,
      finishReason: finish.reason,
      ...(finish.raw !== undefined && { rawFinishReason: finish.raw }),
      ...(this.#logprobs !== undefined && { logprobs: this.#logprobs }),
      ...(this.#members !== undefined && { extensions: this.#members }),
    };
    return { ...this.#response, choices: [choice], extensions: this.#own };
  }
}

const isUnsigned = ({ signature, redacted }: ReasoningPart): boolean =>
  signature === undefined && redacted === undefined;

const asExtensions = (members: ApiMembers): { [api: string]: ApiExtension } =>
  Object.fromEntries(Object.entries(members).map(([api, inert = {}]) => [api, { essential: {}, inert, restated: {} }]));
