/** A stream whose reservation grows with what it delivers. Nothing passes that is not reserved; where no more can be had the stream is ended as at the maximum of tokens. */
import type { Growth } from '#sidecar/budget/budget-gate';
import { SLICE_TOKENS } from '#sidecar/budget/output-slice';
import { isExceeded } from '#sidecar/budget/refusal';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { StreamEnder } from '#sidecar/dialects/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { ItemSource } from '#sidecar/pipeline/attempts/answer';
import type { StreamItem } from '#sidecar/pipeline/attempts/lanes/lane';
import type { Exchange } from '#sidecar/pipeline/attempts/send-attempt';
import { writeSse } from '#sidecar/stream/write-sse';
import { generatedWith } from './generated-tokens.ts';

/** More is asked for when so much of what is reserved is left: a second of text for a fast model. */
const AHEAD_TOKENS = SLICE_TOKENS / 2;
/** Near a cap a part of a slice may be all that is left, and at last what comes next. */
const STEPS = [SLICE_TOKENS, SLICE_TOKENS / 8, 0];
const NO_BYTES = new Uint8Array();

/** The source itself where all that the attempt may use is reserved. */
export function inSlices(source: ItemSource, running: Exchange): ItemSource {
  const { growth } = running.log;
  return growth === undefined ? source : new SlicedSource(source, growth, running);
}

class SlicedSource implements ItemSource {
  readonly #source: ItemSource;
  readonly #growth: Growth;
  readonly #running: Exchange;
  /** Where the client reads the provider's own bytes. */
  readonly #ender: StreamEnder | undefined;
  /** Output tokens of what has passed, at most. */
  #generated = 0;
  /** From here on more is to be reserved. */
  #mark: number;
  /** Came, and is not covered. */
  #waiting: readonly StreamItem[] = [];
  /** Never rejects; undefined: it was granted. */
  #asking: Promise<RemoraError | undefined> | undefined;
  #isOver = false;

  constructor(source: ItemSource, growth: Growth, running: Exchange) {
    this.#source = source;
    this.#growth = growth;
    this.#running = running;
    this.#mark = markOf(growth);
    if (running.plan.lane.keepsAnswer) this.#ender = running.question.decoded.dialect.streamEnder?.();
  }

  async read(): Promise<readonly StreamItem[] | null> {
    if (this.#isOver) return null;
    if (this.#waiting.length > 0) return this.#readOn(this.#waiting);
    const items = await this.#source.read();
    return items === null ? null : this.#pass(items);
  }

  /** Those that are covered; the others wait. */
  #pass(items: readonly StreamItem[]): readonly StreamItem[] | Promise<readonly StreamItem[]> {
    let passed = 0;
    for (const item of items) {
      const generated = generatedWith(this.#generated, item);
      if (generated > this.#mark && !this.#covers(generated)) break;
      this.#generated = generated;
      this.#ender?.passed(item);
      passed += 1;
    }
    this.#waiting = passed === items.length ? [] : items.slice(passed);
    if (this.#waiting.length === 0) return items;
    return passed > 0 ? items.slice(0, passed) : this.#readOn(this.#waiting);
  }

  /** Reserves more, ahead of need where it can: the stream goes on while it is asked for. */
  #covers(generated: number): boolean {
    const growth = this.#growth;
    if (this.#asking === undefined) {
      const wanted = Math.max(generated, growth.outputTokens) + SLICE_TOKENS;
      if (growth.extend(wanted)) this.#mark = markOf(growth);
      else if (generated <= growth.outputTokens) this.#askAhead(wanted);
    }
    return generated <= growth.outputTokens || growth.outputTokens >= growth.atMost;
  }

  #askAhead(wanted: number): void {
    const growth = this.#growth;
    this.#asking = refusalOf(growth.ask(wanted)).then((refused) => {
      // What was refused is asked for again when all is used.
      this.#mark = refused === undefined ? markOf(growth) : growth.outputTokens;
      this.#asking = undefined;
      return refused;
    });
  }

  /** What waits, or the end of the stream. */
  async #readOn(waiting: readonly StreamItem[]): Promise<readonly StreamItem[]> {
    const [next] = waiting;
    if (next === undefined || this.#isTold(waiting)) {
      this.#mark = Number.POSITIVE_INFINITY;
      return this.#pass(waiting);
    }
    try {
      await this.#secure(generatedWith(this.#generated, next));
    } catch (thrown) {
      if (!(thrown instanceof RemoraError) || thrown.code === 'internal') throw thrown;
      return this.#end(thrown);
    }
    const { scope } = this.#running.question.call;
    if (!scope.goesOn) scope.throwIfCancelled();
    return this.#pass(waiting);
  }

  /** The provider has ended, and said what it bills: that is booked before any of it leaves. */
  #isTold(waiting: readonly StreamItem[]): boolean {
    const isLast = waiting.at(-1)?.events.some(({ type }) => type === 'response-end') === true;
    return isLast && this.#running.log.isAccounted;
  }

  /** Throws the RemoraError that says why there is no more. */
  async #secure(generated: number): Promise<void> {
    const growth = this.#growth;
    let refused = await this.#asking;
    for (const step of STEPS) {
      if (generated <= growth.outputTokens) return;
      if (growth.extend(generated + step)) break;
      // Who has not answered is not waited for once more.
      if (refused !== undefined && !isExceeded(refused)) continue;
      refused = await refusalOf(growth.ask(generated + step));
    }
    if (generated > growth.outputTokens && growth.outputTokens < growth.atMost) throw refused;
    this.#mark = markOf(growth);
  }

  #end(refused: RemoraError): readonly StreamItem[] {
    const { question, abort, log } = this.#running;
    this.#isOver = true;
    question.call.scope.endAttempt(abort);
    log.cutByBudget();
    question.log.cutBy(refused);
    const raw = this.#ender === undefined ? NO_BYTES : Buffer.from(this.#ender.end().map(writeSse).join(''));
    const comment = `remora ended by ${refused.details.object ?? refused.code}`;
    return [
      { events: [], raw: NO_BYTES, comment },
      { events: ENDING, raw },
    ];
  }
}

const ENDING: readonly StreamEvent[] = [
  { type: 'finish', choice: 0, reason: 'length', raw: 'budget_exceeded' },
  { type: 'response-end' },
];

const markOf = ({ outputTokens, atMost }: Growth): number =>
  outputTokens >= atMost ? Number.POSITIVE_INFINITY : outputTokens - AHEAD_TOKENS;

/** undefined: it was granted. */
const refusalOf = (asked: Promise<void>): Promise<RemoraError | undefined> =>
  asked.then(
    () => undefined,
    (thrown: unknown) => RemoraError.from(thrown),
  );
