/** An answer as it is collected beside its way to the client, within the bound of one answer. Guardrails come later: what they leave of it is decided anew each time. */
import type { FinishReason } from '#sidecar/canonical/chat-response';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Answer, ItemSource, StreamAnswer, WholeAnswer } from '#sidecar/pipeline/attempts/answer';
import type { AnswerCache, KeptAnswer } from './answer-cache.ts';

type CollectedForm = Pick<KeptAnswer, 'form' | 'json' | 'raw'>;

export interface Collected {
  /** In place of the answer. */
  readonly answer: Answer;
  /** Once it is over. undefined: it is too large, was cut, or is none that a model ended by itself. */
  form(): CollectedForm | undefined;
  /** Lets go of what was collected. */
  leave(): void;
}

/** Where room for it is counted. */
type Room = Pick<AnswerCache, 'limits' | 'take' | 'giveBack'>;

const UTF8 = new TextEncoder();
const ENDED: ReadonlySet<FinishReason> = new Set(['stop', 'tool-calls']);

/** `isWritten`: the client's API can be written here; else the bytes are kept as they came. */
export const collect = (answer: Answer, room: Room, isWritten: boolean): Collected =>
  answer.kind === 'whole' ? collectWhole(answer, room, isWritten) : collectStream(answer, room);

function collectWhole(answer: WholeAnswer, { limits: { answerBytes } }: Room, isWritten: boolean): Collected {
  const { response, raw } = answer.item;
  return {
    answer,
    leave() {},
    form() {
      const isEnded = response.choices?.every(({ finishReason }) => ENDED.has(finishReason)) ?? true;
      if (!isEnded || (response.choices?.length ?? 1) !== 1 || raw.length > answerBytes) return undefined;
      // Bytes of its own, so that nothing else stays in memory with it.
      if (!isWritten)
        return { form: 'whole', json: UTF8.encode(JSON.stringify({ model: response.model })), raw: raw.slice() };
      return { form: 'whole', json: UTF8.encode(JSON.stringify(response)) };
    },
  };
}

function collectStream(answer: StreamAnswer, room: Room): Collected {
  const source = new CollectingSource(answer.source, room);
  return {
    answer: { ...answer, source },
    leave: () => source.leave(),
    form() {
      const { events } = source;
      return events && { form: 'stream', json: UTF8.encode(JSON.stringify(events)) };
    },
  };
}

class CollectingSource implements ItemSource {
  readonly #source: ItemSource;
  readonly #room: Room;
  #events: StreamEvent[] | undefined = [];
  #bytes = 0;
  #isOver = false;
  #isEnded = false;

  constructor(source: ItemSource, room: Room) {
    this.#source = source;
    this.#room = room;
  }

  /** undefined: it is not to be kept. */
  get events(): readonly StreamEvent[] | undefined {
    return this.#isOver && this.#isEnded ? this.#events : undefined;
  }

  async read() {
    const items = await this.#source.read();
    if (items === null) this.#isOver = true;
    else for (const { events } of items) for (const event of events) this.#add(event);
    return items;
  }

  #add(event: StreamEvent): void {
    if (this.#events === undefined) return;
    if (event.type === 'finish') this.#isEnded = ENDED.has(event.reason);
    const last = this.#events.at(-1);
    const joined = last && together(last, event);
    const bytes = sizeOf(event, joined !== undefined);
    const isOver = this.#bytes + bytes > this.#room.limits.answerBytes;
    if (isOver || ('choice' in event && event.choice !== 0) || !this.#room.take(bytes)) {
      this.leave();
      return;
    }
    this.#bytes += bytes;
    if (joined === undefined) this.#events.push(event);
    else this.#events[this.#events.length - 1] = joined;
  }

  leave(): void {
    this.#events = undefined;
    this.#room.giveBack(this.#bytes);
    this.#bytes = 0;
  }
}

/** Pieces of one text as one. */
function together(last: StreamEvent, event: StreamEvent): StreamEvent | undefined {
  if (last.type === 'text-delta' && event.type === 'text-delta' && last.logprobs === undefined)
    return event.logprobs === undefined ? { ...last, text: last.text + event.text } : undefined;
  if (last.type === 'reasoning-delta' && event.type === 'reasoning-delta')
    return { ...last, text: last.text + event.text };
  if (last.type === 'tool-call-delta' && event.type === 'tool-call-delta' && last.index === event.index)
    return { ...last, arguments: last.arguments + event.arguments };
  // The later one stands for both.
  return last.type === 'usage' && event.type === 'usage' ? event : undefined;
}

/** UTF-16 units, which are fewer than bytes: what is kept is measured again. */
function sizeOf(event: StreamEvent, isJoined: boolean): number {
  if (isJoined && 'text' in event) return event.text.length;
  if (isJoined && event.type === 'tool-call-delta') return event.arguments.length;
  return JSON.stringify(event).length;
}
