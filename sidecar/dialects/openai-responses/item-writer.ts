/** Writes the events that open, fill and close the items of a streamed answer, for one step of the encoder. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ImagePart } from '#sidecar/canonical/part';
import type { Sealed } from '#sidecar/canonical/sealed';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { entriesOf, functionCall, type ItemStatus, imageItem, message, outputText } from './encode-items.ts';
import { itemId, reasoningId } from './item-id.ts';
import { sealItem, signatureItem } from './reasoning-item.ts';

type TextKind = 'output_text' | 'refusal';
type CallStart = Extract<StreamEvent, { readonly type: 'tool-call-start' }>;
type WireEvent = JsonObject & { readonly type: string };

interface OpenMessage {
  readonly type: 'message';
  readonly id: string;
  readonly place: number;
  readonly closed: readonly JsonObject[];
  readonly kind: TextKind;
  readonly text: string;
  readonly logprobs: readonly JsonValue[];
}

interface OpenReasoning {
  readonly type: 'reasoning';
  readonly id: string;
  readonly place: number;
  readonly text: string;
}

interface OpenCall {
  readonly id: string;
  readonly place: number;
  readonly call: { readonly id: string; readonly name: string };
  readonly text: string;
}

export interface OpenItems {
  /** In the order of the output; an item that is open stands there as it began. */
  readonly done: readonly JsonObject[];
  readonly open: OpenMessage | OpenReasoning | undefined;
  /** By the number of the call. */
  readonly calls: ReadonlyMap<number, OpenCall>;
}

export const NO_ITEMS: OpenItems = { done: [], open: undefined, calls: new Map() };

export class ItemWriter {
  readonly events: WireEvent[] = [];
  readonly #stem: string;
  #items: OpenItems;

  /** `stem`: of the ids of items. */
  constructor(items: OpenItems, stem: string) {
    this.#items = items;
    this.#stem = stem;
  }

  get items(): OpenItems {
    return this.#items;
  }

  say(kind: TextKind, text: string, logprobs?: JsonValue): void {
    const entries = entriesOf(logprobs);
    const open = this.#openText(kind);
    const at = { item_id: open.id, output_index: open.place, content_index: open.closed.length };
    this.#set({
      ...open,
      text: open.text + text,
      logprobs: entries.length === 0 ? open.logprobs : [...open.logprobs, ...entries],
    });
    const more = kind === 'output_text' ? { logprobs: [...entries] } : {};
    this.events.push({ type: `response.${kind}.delta`, ...at, delta: text, ...more });
  }

  reason(text: string): void {
    const open = this.#openReasoning();
    this.#set({ ...open, text: open.text + text });
    this.events.push({ type: 'response.reasoning_summary_text.delta', ...summaryOf(open), delta: text });
  }

  /** Ends the reasoning that is open; a proof without any is one of reasoning that was not told. */
  seal(signature: Sealed): void {
    if (this.#items.open?.type === 'reasoning') this.#close('completed', signature);
    else this.redact(signature);
  }

  redact(redacted: Sealed): void {
    this.#close('completed');
    this.whole({ ...sealItem(redacted, reasoningId(this.#stem, this.#items.done.length)), summary: [] });
  }

  startCall({ index, id, name, signature }: CallStart): void {
    this.#close('completed');
    if (signature !== undefined) this.whole(signatureItem(signature, reasoningId(this.#stem, this.#items.done.length)));
    const place = this.#items.done.length;
    const open: OpenCall = { id: itemId('fc', this.#stem, place), place, call: { id, name }, text: '' };
    this.#items = { ...this.#items, calls: new Map(this.#items.calls).set(index, open) };
    this.#add(functionCall(open.id, open.call, '', 'in_progress'));
  }

  argue(index: number, text: string): void {
    const open = this.#items.calls.get(index);
    if (open === undefined) return;
    this.#items = { ...this.#items, calls: new Map(this.#items.calls).set(index, { ...open, text: open.text + text }) };
    const at = { item_id: open.id, output_index: open.place };
    this.events.push({ type: 'response.function_call_arguments.delta', ...at, delta: text });
  }

  picture(image: ImagePart): void {
    this.#close('completed');
    this.whole(imageItem(itemId('ig', this.#stem, this.#items.done.length), image));
  }

  /** An item that comes at once. */
  whole(item: JsonObject): void {
    this.#close('completed');
    const place = this.#items.done.length;
    this.#add(item);
    this.#end(place, item);
  }

  /** Closes what is open. `status`: of the answer; where it is incomplete, its last item is so too. */
  finish(status: 'completed' | 'incomplete'): void {
    const { open, calls, done } = this.#items;
    const left = [...calls.values(), ...(open === undefined ? [] : [open])].sort((a, b) => a.place - b.place);
    for (const item of left) {
      const own = item.place === done.length - 1 ? status : 'completed';
      if ('call' in item) this.#closeCall(item, own);
      else this.#close(own);
    }
    this.#items = { ...this.#items, calls: new Map() };
  }

  #openText(kind: TextKind): OpenMessage {
    const { open } = this.#items;
    if (open?.type === 'message' && open.kind === kind) return open;
    if (open?.type === 'message') {
      const closed = [...open.closed, this.#closeText(open)];
      return this.#addText({ ...open, closed, kind, text: '', logprobs: [] });
    }
    this.#close('completed');
    const place = this.#items.done.length;
    const id = itemId('msg', this.#stem, place);
    this.#add(message(id, [], 'in_progress'));
    return this.#addText({ type: 'message', id, place, closed: [], kind, text: '', logprobs: [] });
  }

  #addText(open: OpenMessage): OpenMessage {
    this.events.push({ type: 'response.content_part.added', ...contentOf(open), part: textPart(open) });
    this.#set(open);
    return open;
  }

  #closeText(open: OpenMessage): JsonObject {
    const part = textPart(open);
    const said = open.kind === 'refusal' ? { refusal: open.text } : { text: open.text, logprobs: [...open.logprobs] };
    this.events.push(
      { type: `response.${open.kind}.done`, ...contentOf(open), ...said },
      { type: 'response.content_part.done', ...contentOf(open), part },
    );
    return part;
  }

  #openReasoning(): OpenReasoning {
    const { open } = this.#items;
    if (open?.type === 'reasoning') return open;
    this.#close('completed');
    const place = this.#items.done.length;
    const begun: OpenReasoning = { type: 'reasoning', id: reasoningId(this.#stem, place), place, text: '' };
    this.#add({ type: 'reasoning', id: begun.id, summary: [] });
    const part = { type: 'summary_text', text: '' };
    this.events.push({ type: 'response.reasoning_summary_part.added', ...summaryOf(begun), part });
    return begun;
  }

  #close(status: ItemStatus, signature?: Sealed): void {
    const { open } = this.#items;
    if (open === undefined) return;
    this.#items = { ...this.#items, open: undefined };
    if (open.type === 'message') {
      this.#end(open.place, message(open.id, [...open.closed, this.#closeText(open)], status));
      return;
    }
    const part = { type: 'summary_text', text: open.text };
    this.events.push(
      { type: 'response.reasoning_summary_text.done', ...summaryOf(open), text: open.text },
      { type: 'response.reasoning_summary_part.done', ...summaryOf(open), part },
    );
    // The id was told when the item began, before its seal was known.
    this.#end(open.place, { ...sealItem(signature, open.id), id: open.id, summary: [part] });
  }

  #closeCall({ id, place, call, text }: OpenCall, status: ItemStatus): void {
    const item = functionCall(id, call, text, status);
    const at = { item_id: id, output_index: place };
    this.events.push({
      type: 'response.function_call_arguments.done',
      ...at,
      arguments: item.arguments,
    });
    this.#end(place, item);
  }

  #add(item: JsonObject): void {
    const { done } = this.#items;
    this.events.push({ type: 'response.output_item.added', output_index: done.length, item });
    this.#items = { ...this.#items, done: [...done, item] };
  }

  #end(place: number, item: JsonObject): void {
    this.events.push({ type: 'response.output_item.done', output_index: place, item });
    this.#items = { ...this.#items, done: this.#items.done.with(place, item) };
  }

  #set(open: OpenMessage | OpenReasoning): void {
    this.#items = { ...this.#items, open };
  }
}

const contentOf = (open: OpenMessage): JsonObject => ({
  item_id: open.id,
  output_index: open.place,
  content_index: open.closed.length,
});

const summaryOf = (open: OpenReasoning): JsonObject => ({
  item_id: open.id,
  output_index: open.place,
  summary_index: 0,
});

const textPart = ({ kind, text, logprobs }: OpenMessage): JsonObject =>
  kind === 'refusal' ? { type: 'refusal', refusal: text } : outputText(text, logprobs);
