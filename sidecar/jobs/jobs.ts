/** Requests with a callback: taken in and answered with an id at once, run when there is room, their results told by id and posted. */
import type { Timers } from '#sidecar/budget/timers';
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import { RemoraError } from '#sidecar/errors/remora-error';
import { JournalUnavailable } from '#sidecar/journal/state-journal';
import type { Call } from '#sidecar/pipeline/call';
import type { PipelineDeps } from '#sidecar/pipeline/handle';
import { renderFailure } from '#sidecar/pipeline/render-failure';
import { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { ClientGone, RequestScope } from '#sidecar/pipeline/scope/request-scope';
import type { Collected } from './collected-reply.ts';
import { expired, hasRoom, interrupted, type Job, nextChangeMs, overdue, startable } from './job-book.ts';
import type { JobFacts } from './job-entry.ts';
import { JobStore } from './job-store.ts';
import { Poster, type PosterDeps } from './poster.ts';
import { type PreparedJob, prepareJob } from './prepare-job.ts';
import { failJob, interruptedError, lateError, lostError, runJob, unreadableError } from './run-job.ts';
import { acceptedAnswer, type JobReply, statusAnswer } from './tell-job.ts';

/** How long a full or failing disk is left alone, and clients are asked to. */
const RETRY_MS = 5_000;
/** How long the answers of cut jobs may take to be written. */
const LAST_WORDS_MS = 1_000;

export interface JobsDeps extends PipelineDeps, Pick<PosterDeps, 'onPostFailed'> {
  readonly config: Pick<SidecarConfig, 'jobs' | 'jobsIn'>;
  readonly deadlines: Deadlines;
  readonly timers: Timers;
  /** 128 random bits in hexadecimal. */
  readonly randomId: () => string;
}

interface Open {
  readonly store: JobStore;
  readonly poster: Poster;
}

export class Jobs {
  readonly #deps: JobsDeps;
  readonly #running = new Map<string, RequestScope>();
  #opening: Promise<Open> | undefined;
  #open: Open | undefined;
  /** On their way to the disk. */
  #arriving = 0;
  #arrivingBytes = 0;
  #cancelAlarm: () => void = () => {};
  #closing = false;
  #onIdle: (() => void) | undefined;

  constructor(deps: JobsDeps) {
    this.#deps = deps;
  }

  /** Goes on with what a former process left. Never rejects: a disk that refuses makes only callbacks unavailable. */
  async open(): Promise<void> {
    if (this.#deps.config.jobsIn !== undefined) await this.#opened().catch(() => {});
  }

  /** The policy or its credentials are others: what waited for them goes on. */
  wake(): void {
    // Credentials follow a policy in the same tick.
    queueMicrotask(() => this.#work());
  }

  /** Takes a request in the place of `handle`. Never rejects. */
  async accept(call: Call): Promise<void> {
    const { now, telemetry, onFault } = this.#deps;
    const log = new RequestRecorder(call, now());
    try {
      const { facts } = await this.#take(call, log);
      const { status, headers, body } = acceptedAnswer(facts);
      call.reply.whole(status, headers, body);
      this.#work();
    } catch (thrown) {
      const error = renderFailure(thrown, call, log);
      if (error?.code === 'internal') onFault(error.cause, call.requestId);
      telemetry.record(log.finish());
    } finally {
      call.scope.close();
      call.body.release();
    }
  }

  /** What is known of a job: its answer, or how far it is. Throws `unknown_job` or `callback_unavailable`. */
  async tell(id: string): Promise<JobReply> {
    const { store } = await this.#opened();
    const job = store.book.get(id);
    if (job === undefined) throw unknownJob();
    if (job.finished === undefined) return statusAnswer(job);
    const answer = await store.answer(id);
    if (answer !== undefined) return { ...answer.head, body: answer.body };
    if (!store.book.has(id)) throw unknownJob();
    throw lostError();
  }

  /** Ends the job if it runs, and forgets it. Throws `unknown_job` or `callback_unavailable`. */
  async cancel(id: string): Promise<void> {
    const { store } = await this.#opened();
    if (!store.book.has(id)) throw unknownJob();
    this.#running.get(id)?.cancel(new ClientGone('The client gave the job up.'));
    await store.remove(id);
    this.#work();
  }

  /** Starts nothing more, lets running jobs and posts end until the deadline, then ends them as interrupted. What waits stays for the next process. */
  async close({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    this.#closing = true;
    this.#cancelAlarm();
    await this.#idleWithin(deadlineMs);
    for (const scope of this.#running.values()) scope.cancel(interruptedError());
    this.#open?.poster.close();
    await this.#idleWithin(LAST_WORDS_MS);
    this.#open?.store.close();
  }

  #opened(): Promise<Open> {
    this.#opening ??= this.#load().catch((error: unknown) => {
      this.#opening = undefined;
      throw error instanceof RemoraError ? error : unavailable('its journal cannot be read');
    });
    return this.#opening;
  }

  async #load(): Promise<Open> {
    const { jobsIn } = this.#deps.config;
    if (jobsIn === undefined || this.#closing) throw unavailable('it has no place to keep them');
    const store = new JobStore(jobsIn);
    await store.load();
    for (const job of interrupted(store.book, store.damaged)) {
      // The answer may have been written just before the end.
      const answer = await store.answer(job.facts.id);
      if (answer === undefined)
        await this.#finish(store, job.facts, failJob(job.facts, interruptedError(), this.#deps));
      else await store.finish(job.facts.id, answer, this.#deps.now());
    }
    this.#open = { store, poster: new Poster(this.#deps, store, () => this.#work()) };
    this.#work();
    return this.#open;
  }

  async #take(call: Call, log: RequestRecorder): Promise<PreparedJob> {
    const job = await prepareJob({ call, log, deps: this.#deps, random: this.#deps.randomId() });
    const { store } = await this.#opened();
    const { bytes } = job.facts;
    if (this.#closing) throw unavailable('it is shutting down');
    if (!this.#hasRoom(store, bytes)) throw unavailable('as many as it may keep are in hand');
    this.#arriving += 1;
    this.#arrivingBytes += bytes;
    try {
      call.scope.throwIfCancelled();
      await store.accept(job.facts, job.request);
      return job;
    } catch (error) {
      if (error instanceof RemoraError || error instanceof ClientGone) throw error;
      throw unavailable('its journal cannot be written');
    } finally {
      this.#arriving -= 1;
      this.#arrivingBytes -= bytes;
    }
  }

  #hasRoom({ book }: JobStore, bytes: number): boolean {
    const { jobs } = this.#deps.config;
    const limits = { ...jobs, most: jobs.most - this.#arriving };
    return hasRoom(book, bytes + this.#arrivingBytes, limits);
  }

  /** All that is to be done now, and an alarm for what is to be done next. Called whenever something changed. */
  #work(): void {
    this.#cancelAlarm();
    if (this.#running.size === 0 && this.#open?.poster.isIdle !== false) this.#onIdle?.();
    if (this.#open === undefined || this.#closing) return;
    const { store, poster } = this.#open;
    const nowMs = this.#deps.now();
    for (const { facts } of expired(store.book, nowMs)) void store.remove(facts.id);
    const isWriting = this.#start(store, nowMs);
    const postMs = this.#hasPolicy ? poster.work(nowMs) : Number.POSITIVE_INFINITY;
    const nextMs = isWriting ? Math.min(nextChangeMs(store.book), postMs) : nowMs + RETRY_MS;
    if (nextMs !== Number.POSITIVE_INFINITY)
      this.#cancelAlarm = this.#deps.timers.after(Math.max(1, nextMs - nowMs), () => this.#work());
  }

  get #hasPolicy(): boolean {
    return this.#deps.policies.current !== undefined;
  }

  /** Ends who is late and starts who may. False when the journal cannot be written, so that nothing may begin. */
  #start(store: JobStore, nowMs: number): boolean {
    try {
      for (const job of overdue(store.book, nowMs)) {
        store.start(job);
        void this.#end(store, job.facts, async () => failJob(job.facts, lateError(job.facts), this.#deps));
      }
      const next = this.#hasPolicy ? startable(store.book, this.#deps.config.jobs) : [];
      for (const job of next) this.#run(store, job);
      return true;
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error;
      return false;
    }
  }

  /** Throws JournalUnavailable; then nothing was begun. */
  #run(store: JobStore, job: Job): void {
    store.start(job);
    const { facts } = job;
    const scope = new RequestScope(this.#deps.deadlines);
    this.#running.set(facts.id, scope);
    void this.#end(store, facts, async () => {
      const request = await store.request(facts.id);
      if (request === undefined) return failJob(facts, unreadableError(), this.#deps);
      const { answerBytes } = this.#deps.config.jobs;
      return runJob({ facts, request, scope, answerBytes }, this.#deps);
    });
  }

  async #end(store: JobStore, facts: JobFacts, work: () => Promise<Collected | undefined>): Promise<void> {
    try {
      const collected = await work();
      if (collected !== undefined) await this.#finish(store, facts, collected);
    } catch (fault) {
      this.#deps.onFault(fault, facts.requestId);
    } finally {
      this.#running.delete(facts.id);
      this.#work();
    }
  }

  async #finish(store: JobStore, { id, posts }: JobFacts, { status, headers, body }: Collected): Promise<void> {
    const request = posts ? await store.request(id) : undefined;
    const address = request?.head.address ?? null;
    await store.finish(id, { head: { status, headers, address }, body }, this.#deps.now());
  }

  #idleWithin(ms: number): Promise<void> {
    const isIdle = this.#running.size === 0 && this.#open?.poster.isIdle !== false;
    if (isIdle || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = this.#deps.deadlines.in(ms, resolve);
      this.#onIdle = () => {
        this.#deps.deadlines.cancel(limit);
        resolve();
      };
    });
  }
}

const unknownJob = (): RemoraError =>
  new RemoraError({
    code: 'unknown_job',
    message:
      'This pod knows no such job: it never had it, its result has expired, or it was deleted. Use an id that this pod gave, within the retention that its AIRoute states.',
  });

const unavailable = (why: string): RemoraError =>
  new RemoraError({
    code: 'callback_unavailable',
    message: `The sidecar can take no further job now: ${why}. Retry after five seconds, or send the request without x-remora-callback.`,
    retryAfterMs: RETRY_MS,
  });
