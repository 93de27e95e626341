/** A stream after its commit point: whatever breaks now ends the answer. */
import { AttemptFailed } from '#sidecar/errors/attempt-failure';
import { brokenStreamError } from '#sidecar/errors/final-error';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { UpstreamFault } from '#sidecar/upstream/upstream';
import type { ItemSource } from './answer.ts';
import { hasContentEvent, type StreamItem } from './lanes/lane.ts';
import type { Exchange } from './send-attempt.ts';
import { exchangeFailed } from './upstream-failure.ts';

/** A stream as it comes from the provider. */
export interface OpenStream {
  /**
   * The next items, at least one; null after the end. Throws AttemptFailed when the stream breaks, after the items before the break were
   * returned, and whatever the body throws.
   */
  read(): Promise<readonly StreamItem[] | null>;
  /** Lets a finished body run out in the background, for a bounded time; a body that goes on is cut. */
  release(deadlines: Deadlines): void;
}

export class CommittedSource implements ItemSource {
  #opening: readonly StreamItem[] | undefined;
  #hasContent: boolean;
  readonly #stream: OpenStream;
  readonly #running: Exchange;

  /** `opening`: the items up to the commit point. */
  constructor(opening: readonly StreamItem[], stream: OpenStream, running: Exchange, hasContent = true) {
    this.#opening = opening;
    this.#stream = stream;
    this.#running = running;
    this.#hasContent = hasContent;
  }

  read(): Promise<readonly StreamItem[] | null> {
    const opening = this.#opening;
    if (opening === undefined) return this.#stream.read().then(this.#pass, this.#break);
    this.#opening = undefined;
    return Promise.resolve(opening);
  }

  readonly #pass = (items: readonly StreamItem[] | null): readonly StreamItem[] | null => {
    if (!this.#hasContent) this.#findContent(items ?? []);
    if (items === null) this.#stream.release(this.#running.question.call.scope.deadlines);
    return items;
  };

  readonly #break = (thrown: unknown): never => {
    throw this.#broken(thrown);
  };

  /** A stream that was begun with its first byte has answered with its first content. */
  #findContent(items: readonly StreamItem[]): void {
    this.#hasContent = items.some(hasContentEvent);
    if (this.#hasContent) this.#running.answered();
  }

  #broken(thrown: unknown): unknown {
    const { plan, log, question } = this.#running;
    const failed = thrown instanceof UpstreamFault ? exchangeFailed(plan.candidate, thrown, false) : thrown;
    if (!(failed instanceof AttemptFailed)) return thrown;
    log.outcome = failed.failure.kind;
    const { cause } = question.call.scope;
    if (cause !== undefined) return cause;
    question.deps.health.attempted(plan.candidate, failed.failure);
    return brokenStreamError(failed.failure);
  }
}
