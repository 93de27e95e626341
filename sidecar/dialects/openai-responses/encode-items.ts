/** Canonical parts → output items. Text and refusal in a row are one message; every call and every reasoning is an item of its own. */

import type { Choice } from '#sidecar/canonical/chat-response';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ImagePart, Part } from '#sidecar/canonical/part';
import { foldEach, mapEach, once } from '#sidecar/canonical/walk';
import { isJsonObject } from '#sidecar/json/body';
import { DIALECT_ID } from './api-id.ts';
import { itemId, reasoningId } from './item-id.ts';
import { encodeReasoning, signatureItem } from './reasoning-item.ts';

const UTF8 = new TextEncoder();

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface AnswerFacts {
  /** Of the ids of its items. */
  readonly stem: string;
  /** Of the whole answer: where it is incomplete, its last item is. */
  readonly status: 'completed' | 'incomplete';
}

export function encodeItems({ parts, logprobs }: Choice, { stem, status }: AnswerFacts): JsonObject[] {
  // Chat Completions, whose form this is, tells them of the answer as a whole.
  const entries = entriesOf(logprobs);
  const start = (): Output => ({ items: [], said: [], unsaidLogprobs: entries });
  const output = foldEach(parts, start, (state, part) => {
    const { items, said, unsaidLogprobs } = state;
    if (part.type === 'text') {
      said.push({ ...outputText(part.text, unsaidLogprobs), ...allOf(part.extensions?.[DIALECT_ID]) });
      state.unsaidLogprobs = [];
    } else if (part.type === 'refusal') said.push({ type: 'refusal', refusal: part.text });
    else {
      speak(state, stem);
      items.push(...encodeItem(part, stem, items.length));
    }
  });
  return once(() => {
    speak(output, stem);
    return status === 'completed' ? output.items : endIncomplete(output.items);
  });
}

interface Output {
  readonly items: JsonObject[];
  /** Of the message that goes on. */
  said: JsonObject[];
  unsaidLogprobs: readonly JsonValue[];
}

function speak(output: Output, stem: string): void {
  const { items, said } = output;
  if (said.length > 0) items.push(message(itemId('msg', stem, items.length), said));
  output.said = [];
}

function encodeItem(part: Part, stem: string, place: number): JsonObject[] {
  switch (part.type) {
    case 'tool-call': {
      const { signature } = part;
      if (signature === undefined) return [functionCall(itemId('fc', stem, place), part, part.arguments)];
      const proof = signatureItem(signature, reasoningId(stem, place));
      return [proof, functionCall(itemId('fc', stem, place + 1), part, part.arguments)];
    }
    case 'reasoning':
      return [encodeReasoning(part, reasoningId(stem, place))];
    case 'image':
      return [imageItem(itemId('ig', stem, place), part)];
    case 'opaque':
      return part.api === DIALECT_ID ? [part.value] : [];
    default:
      return [];
  }
}

/** As this API tells of pictures that a model made by a tool of the service. */
export const imageItem = (id: string, { source }: ImagePart): JsonObject => ({
  type: 'image_generation_call',
  id,
  status: 'completed',
  result: source.kind === 'base64' ? source.data : null,
});

/** Other kinds than these two are whole, or nothing of them was written. */
function endIncomplete(items: readonly JsonObject[]): JsonObject[] {
  const last = items.at(-1);
  const isPartial = last?.type === 'message' || last?.type === 'function_call';
  return isPartial ? [...items.slice(0, -1), { ...last, status: 'incomplete' }] : [...items];
}

export const message = (id: string, content: readonly JsonObject[], status: ItemStatus = 'completed'): JsonObject => ({
  type: 'message',
  id,
  status,
  role: 'assistant',
  content: [...content],
});

export const outputText = (text: string, logprobs: readonly JsonValue[] = []): JsonObject => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs: [...logprobs],
});

/** Clients parse the arguments: a call without any has an empty object. */
export const functionCall = (
  id: string,
  call: { readonly id: string; readonly name: string },
  args: string,
  status: ItemStatus = 'completed',
): JsonObject => ({
  type: 'function_call',
  id,
  call_id: call.id,
  name: call.name,
  arguments: args === '' && status !== 'in_progress' ? '{}' : args,
  status,
});

/** The entries of Chat Completions' log probabilities, which are this API's too. Clients are promised the bytes of each token. */
export function entriesOf(logprobs: JsonValue | undefined): readonly JsonValue[] {
  if (!isJsonObject(logprobs) || !Array.isArray(logprobs.content)) return [];
  return mapEach(logprobs.content, (entry) => {
    if (!isJsonObject(entry)) return entry;
    const { top_logprobs: top } = entry;
    return {
      ...entry,
      ...bytesOf(entry),
      ...(Array.isArray(top) && {
        top_logprobs: top.map((each) => (isJsonObject(each) ? { ...each, ...bytesOf(each) } : each)),
      }),
    };
  });
}

const bytesOf = ({ token, bytes }: JsonObject): JsonObject =>
  bytes === undefined && typeof token === 'string' ? { bytes: [...UTF8.encode(token)] } : {};
