/** Ends a Responses stream: closes the item that is open with what was told of it, and tells the whole answer as incomplete. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { PassedFrame, StreamEnder } from '#sidecar/dialects/dialect';
import { readFrame, says } from '#sidecar/dialects/read-frame';
import { isJsonObject } from '#sidecar/json/body';
import type { SseEvent } from '#sidecar/stream/sse-event';

type WireEvent = JsonObject & { readonly type: string };

const DELTA = Buffer.from('.delta"');

/** An item of the output; `parts`: those of a message that are closed. */
interface Item {
  readonly item: JsonObject;
  readonly parts: readonly JsonObject[];
  readonly isDone: boolean;
}

interface OpenCall {
  readonly item: JsonObject;
  readonly call: number;
}

export const streamEnder = (): StreamEnder => new ResponseEnder();

class ResponseEnder implements StreamEnder {
  #response: JsonObject = {};
  /** By their place in the output. */
  readonly #items = new Map<number, Item>();
  /** The part of a message that is open. */
  #part: JsonObject | undefined;
  /** Of that part. */
  #text = '';
  /** Arguments of the calls that have begun, in their order: those of several may interleave. */
  readonly #arguments: string[] = [];
  /** The number of the call at a place of the output. */
  readonly #calls = new Map<number, number>();
  /** Number of the last event but the deltas. */
  #sequence = -1;
  #delta: Uint8Array | undefined;

  passed({ events, raw }: PassedFrame): void {
    if (!says(raw, DELTA)) {
      for (const event of readFrame(raw)) this.#see(event);
      return;
    }
    this.#delta = raw;
    for (const event of events)
      if (event.type === 'text-delta' || event.type === 'refusal-delta') this.#text += event.text;
      else if (event.type === 'tool-call-delta')
        this.#arguments[event.index] = (this.#arguments[event.index] ?? '') + event.arguments;
  }

  end(): readonly SseEvent[] {
    const events = [...this.#items].flatMap(([place, item]) => (item.isDone ? [] : this.#close(place, item)));
    const response = {
      ...this.#response,
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [...this.#items.values()].map(({ item }) => item),
    };
    const first = Math.max(this.#sequence, ...this.#deltaNumbers()) + 1;
    return [...events, { type: 'response.incomplete', response }].map(({ type, ...members }, index) => ({
      event: type,
      data: JSON.stringify({ type, sequence_number: first + index, ...members }),
    }));
  }

  #deltaNumbers(): number[] {
    return this.#delta === undefined ? [] : readFrame(this.#delta).map(numberOf);
  }

  #see(event: JsonObject): void {
    const { type, response, item, part } = event;
    this.#sequence = Math.max(this.#sequence, numberOf(event));
    const place = Number(event.output_index);
    const known = this.#items.get(place);
    if (isJsonObject(response)) this.#response = response;
    else if (isJsonObject(item)) {
      this.#items.set(place, { item, parts: [], isDone: type === 'response.output_item.done' });
      if (item.type === 'function_call' && !this.#calls.has(place)) this.#calls.set(place, this.#calls.size);
    } else if (isJsonObject(part) && known !== undefined) {
      const isDone = type === 'response.content_part.done';
      this.#part = isDone ? undefined : part;
      if (isDone) this.#items.set(place, { ...known, parts: [...known.parts, part] });
      this.#text = '';
    }
  }

  #close(place: number, open: Item): WireEvent[] {
    const { item, parts } = open;
    const at = { item_id: item.id, output_index: place };
    const call = this.#calls.get(place);
    const [events, ended] = call === undefined ? this.#closeMessage(open, at) : this.#closeCall({ item, call }, at);
    const done = { ...ended, status: 'incomplete' };
    this.#items.set(place, { item: done, parts, isDone: true });
    return [...events, { type: 'response.output_item.done', output_index: place, item: done }];
  }

  #closeCall({ item, call }: OpenCall, at: JsonObject): readonly [WireEvent[], JsonObject] {
    const said = { arguments: this.#arguments[call] ?? '' };
    return [[{ type: 'response.function_call_arguments.done', ...at, ...said }], { ...item, ...said }];
  }

  #closeMessage({ item, parts }: Item, at: JsonObject): readonly [WireEvent[], JsonObject] {
    if (this.#part === undefined) return [[], { ...item, content: [...parts] }];
    const { type } = this.#part;
    const said = type === 'refusal' ? { refusal: this.#text } : { text: this.#text };
    const part = { ...this.#part, ...said };
    const here = { ...at, content_index: parts.length };
    return [
      [
        { type: `response.${String(type)}.done`, ...here, ...said, ...(type === 'output_text' && { logprobs: [] }) },
        { type: 'response.content_part.done', ...here, part },
      ],
      { ...item, content: [...parts, part] },
    ];
  }
}

const numberOf = ({ sequence_number: number }: JsonObject): number => (typeof number === 'number' ? number : -1);
