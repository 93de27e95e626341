/** Posts the results of jobs: signed, again and again under the same id until one attempt is taken, and never to what the policy in force does not allow. */
import { outcomeOf, type PostOutcome } from '#contract/webhook/post-outcome';
import { signatureHeaders } from '#contract/webhook/signature';
import type { PolicyHolder } from '#sidecar/pipeline/policy/policy-holder';
import { AttemptAbort } from '#sidecar/pipeline/scope/attempt-abort';
import type { Upstream } from '#sidecar/upstream/upstream';
import { isAllowed } from './callback-address.ts';
import { type Job, toPost } from './job-book.ts';
import { jobEvent } from './job-event.ts';
import type { JobStore } from './job-store.ts';
import { keyOf } from './job-wish.ts';
import { afterPost } from './post-retry.ts';

/** At one time; each holds a result in memory. */
const MOST_POSTS = 4;
const TIMEOUTS = { connectMs: 10_000, headersMs: 20_000, idleMs: 20_000 };

export interface PosterDeps {
  readonly policies: PolicyHolder;
  readonly upstream: Upstream;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told of each attempt that was not taken, and whether it was the last one. The reason holds no address. */
  readonly onPostFailed: (jobId: string, reason: string, isLast: boolean) => void;
}

interface Attempted {
  readonly outcome: PostOutcome;
  readonly reason: string;
}

export class Poster {
  readonly #deps: PosterDeps;
  readonly #store: JobStore;
  readonly #onChange: () => void;
  readonly #tries = new Map<string, { readonly attempts: number; readonly dueMs: number }>();
  readonly #sending = new Map<string, AttemptAbort>();

  /** `onChange`: an attempt is over. */
  constructor(deps: PosterDeps, store: JobStore, onChange: () => void) {
    this.#deps = deps;
    this.#store = store;
    this.#onChange = onChange;
  }

  get isIdle(): boolean {
    return this.#sending.size === 0;
  }

  /** Begins what is due. Gives the time at which there will be more to do; infinite when there is nothing. */
  work(nowMs: number): number {
    const waiting = toPost(this.#store.book).filter(({ facts }) => !this.#sending.has(facts.id));
    let nextMs = Number.POSITIVE_INFINITY;
    for (const id of this.#tries.keys()) if (!this.#store.book.has(id)) this.#tries.delete(id);
    for (const job of waiting) {
      const dueMs = this.#tries.get(job.facts.id)?.dueMs ?? nowMs;
      if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs);
      // What finds no place is looked at again when an attempt is over.
      else if (this.#sending.size < MOST_POSTS) void this.#attempt(job);
    }
    return nextMs;
  }

  /** Ends all attempts; they are made again by the next process. */
  close(): void {
    for (const abort of this.#sending.values()) abort.abort();
  }

  async #attempt(job: Job): Promise<void> {
    const { id } = job.facts;
    const abort = new AttemptAbort();
    this.#sending.set(id, abort);
    const { outcome, reason } = await this.#send(job, abort).catch(unreachable);
    this.#sending.delete(id);
    if (!abort.aborted) this.#conclude(id, { outcome, reason });
    this.#onChange();
  }

  #conclude(id: string, { outcome, reason }: Attempted): void {
    const attempts = (this.#tries.get(id)?.attempts ?? 0) + 1;
    const next = afterPost(outcome, attempts, this.#deps.random());
    if (outcome !== 'taken') this.#deps.onPostFailed(id, reason, next.action === 'done');
    if (next.action === 'retry' && this.#store.book.has(id)) {
      this.#tries.set(id, { attempts, dueMs: this.#deps.now() + next.afterMs });
      return;
    }
    this.#tries.delete(id);
    this.#store.posted(id);
  }

  async #send({ facts: { id, route }, finished }: Job, signal: AttemptAbort): Promise<Attempted> {
    const { policies, upstream } = this.#deps;
    const answer = await this.#store.answer(id);
    const address = answer?.head.address ?? null;
    if (answer === undefined || address === null) return { outcome: 'gone', reason: 'the result is lost' };
    const callback = policies.current?.policy.routes.find(({ key }) => key === route)?.callback;
    if (callback === undefined || !isAllowed(address, callback.allow))
      return { outcome: 'gone', reason: 'its AIRoute does not allow the address any more' };
    const key = keyOf(callback, policies.credentials);
    if (key === undefined) return { outcome: 'failed', reason: 'there is no key to sign it with' };
    const { status, headers } = answer.head;
    const body = jobEvent({ id, atMs: finished?.atMs ?? 0, status, headers, body: answer.body });
    const signed = signatureHeaders(key, { id, nowUnixMs: this.#deps.now(), body });
    const response = await upstream.send({
      url: address,
      headers: { 'content-type': 'application/json', 'user-agent': 'remora', ...signed },
      body,
      timeouts: TIMEOUTS,
      signal,
    });
    await discard(response.body);
    return { outcome: outcomeOf(response.status), reason: `the receiver answered ${response.status}` };
  }
}

/** Below HTTP; the words of such faults may hold the address. */
const unreachable = (): Attempted => ({ outcome: 'failed', reason: 'the receiver could not be reached' });

/** Only the status counts: leaving the loop ends the exchange, and a fault after the head changes nothing. */
async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of body) break;
  } catch {
    // The answer is known.
  }
}
