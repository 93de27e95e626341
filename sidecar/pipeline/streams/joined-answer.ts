/** A streamed answer that another target goes on with when its provider breaks off, where the route says Continue. */
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import { RemoraError } from '#sidecar/errors/remora-error';
import { type AttemptQuestion, attempt } from '#sidecar/pipeline/attempt';
import type { Answer, Answerer, ItemSource, StreamAnswer } from '#sidecar/pipeline/attempts/answer';
import type { StreamItem } from '#sidecar/pipeline/attempts/lanes/lane';
import type { Snapshot } from '#sidecar/pipeline/policy/snapshot';
import { candidatesToGoOn } from './candidates-to-go-on.ts';
import { DeliveredText } from './delivered-text.ts';
import { mayBeJoined } from './may-be-joined.ts';

const NO_BYTES = new Uint8Array();

/** The answer itself where nobody may take it over, such as one that an account keeps. */
export function joined(answer: Answer, question: AttemptQuestion, snapshot: Snapshot): Answer {
  const { request } = question.decoded;
  if (!mayBeJoined(request, question.selection.route.policy) || answer.kind !== 'stream') return answer;
  if (answer.by.lane.keepsAnswer || answer.by.kept !== undefined) return answer;
  const by = new JoinedAnswerer(answer.by);
  return { ...answer, by, source: new JoinedSource({ first: answer, by, request, question, snapshot }) };
}

/** Who began decides how the answer is written; each is settled for itself. */
class JoinedAnswerer implements Answerer {
  readonly target: string;
  readonly dropped: Answerer['dropped'];
  readonly lane: Answerer['lane'];
  readonly outputGuard: Answerer['outputGuard'];
  readonly #parts: Answerer[];

  constructor(first: Answerer) {
    this.target = first.target;
    this.dropped = first.dropped;
    this.lane = first.lane;
    this.outputGuard = first.outputGuard;
    this.#parts = [first];
  }

  /** The one before has broken off. */
  goesOnWith(next: Answerer): void {
    this.#parts.push(next);
  }

  get limits(): Answerer['limits'] {
    return this.#parts.at(-1)?.limits;
  }

  settle(): void {
    for (const part of this.#parts) part.settle();
  }

  get costNanoUsd(): bigint | null {
    let sum = 0n;
    for (const { costNanoUsd } of this.#parts) {
      if (costNanoUsd === null) return null;
      sum += costNanoUsd;
    }
    return sum;
  }
}

interface Joining {
  readonly first: StreamAnswer;
  readonly by: JoinedAnswerer;
  readonly request: ChatRequest;
  readonly question: AttemptQuestion;
  readonly snapshot: Snapshot;
}

class JoinedSource implements ItemSource {
  readonly #joining: Joining;
  readonly #delivered = new DeliveredText();
  #source: ItemSource;
  /** Somebody else began. */
  #goesOn = false;
  /** White space was delivered already, and the next text must not begin with more. */
  #skipsSpace = false;

  constructor(joining: Joining) {
    this.#joining = joining;
    this.#source = joining.first.source;
  }

  async read(): Promise<readonly StreamItem[] | null> {
    try {
      const items = await this.#source.read();
      return items === null ? null : items.map((item) => this.#deliver(item));
    } catch (thrown) {
      const next = await this.#goOn(thrown);
      if (next === undefined) throw thrown;
      return [{ events: [], raw: NO_BYTES, comment: `remora continued by ${next.target}` }];
    }
  }

  #deliver(item: StreamItem): StreamItem {
    const events = this.#goesOn ? item.events.flatMap((event) => this.#appended(event)) : item.events;
    for (const event of events) this.#delivered.observe(event);
    return events === item.events ? item : { ...item, events };
  }

  #appended(event: StreamItem['events'][number]): StreamItem['events'] {
    if (event.type === 'response-start') return [];
    if (event.type !== 'text-delta' || !this.#skipsSpace) return [event];
    const text = event.text.trimStart();
    this.#skipsSpace = text === '';
    return text === '' ? [] : [{ ...event, text }];
  }

  /** undefined: it ends as it would have. Throws the cause of a cancel. */
  async #goOn(thrown: unknown): Promise<Answerer | undefined> {
    const { by, question } = this.#joining;
    const { log, call } = question;
    const beginning = this.#delivered.beginning;
    if (!isBroken(thrown) || beginning === undefined || log.isAnswerBlocked) return undefined;
    // What broke off is booked before more is reserved.
    by.settle();
    const next = await this.#next(beginning);
    call.scope.throwIfCancelled();
    if (next === undefined) return undefined;
    by.goesOnWith(next.by);
    log.continuedBy.push(next.by.target);
    this.#source = next.source;
    this.#goesOn = true;
    this.#skipsSpace = this.#delivered.endsInSpace;
    return next.by;
  }

  async #next(beginning: string): Promise<StreamAnswer | undefined> {
    const { question, request, snapshot, by } = this.#joining;
    const { outputGuard } = by;
    try {
      const asked = await candidatesToGoOn({ beginning, request, question, snapshot, outputGuard });
      if (asked === undefined) return undefined;
      const answer = await attempt(asked);
      return answer.kind === 'stream' ? answer : undefined;
    } catch (refused) {
      if (refused instanceof RemoraError && refused.code !== 'internal') return undefined;
      question.call.scope.throwIfCancelled();
      throw refused;
    }
  }
}

const isBroken = (thrown: unknown): boolean => thrown instanceof RemoraError && thrown.code === 'stream_broken';
