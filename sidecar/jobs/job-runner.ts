/** Does what the book of jobs asks for: starts who may start, ends who is late, throws away what expired, posts results, and wakes itself for what comes next. */

import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import type { RemoraError } from '#sidecar/errors/remora-error';
import { JournalUnavailable } from '#sidecar/journal/state-journal';
import type { PipelineDeps } from '#sidecar/pipeline/handle';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { IdleWait } from '#sidecar/pipeline/scope/idle-wait';
import { ClientGone, RequestScope } from '#sidecar/pipeline/scope/request-scope';
import type { Timers } from '#sidecar/time/timers';
import type { Collected } from './collected-reply.ts';
import { expired, interrupted, type Job, nextChangeMs, overdue, startable } from './job-book.ts';
import type { JobFacts } from './job-entry.ts';
import type { JobStore } from './job-store.ts';
import { Poster, type PosterDeps } from './poster.ts';
import { failJob, interruptedError, lateError, runJob, unreadableError } from './run-job.ts';

/** How long a disk that refuses is left alone. */
const RETRY_MS = 5_000;
/** A timer of Node's that is set for more than 24 days fires at once: a clock that jumped back must not make us look all the time. */
const LONGEST_WAIT_MS = 3_600_000;
/** How long the answers of cut jobs may take to be written. */
const LAST_WORDS_MS = 1_000;

export interface JobRunnerDeps extends PipelineDeps, Pick<PosterDeps, 'onPostFailed'> {
  readonly config: Pick<SidecarConfig, 'jobs'>;
  readonly deadlines: Deadlines;
  readonly timers: Timers;
}

export class JobRunner {
  readonly store: JobStore;
  readonly #deps: JobRunnerDeps;
  readonly #poster: Poster;
  readonly #running = new Map<string, RequestScope>();
  readonly #idle: IdleWait;
  #cancelAlarm: () => void = () => {};
  #closing = false;

  constructor(deps: JobRunnerDeps, store: JobStore) {
    this.#deps = deps;
    this.store = store;
    this.#poster = new Poster(deps, store, () => this.work());
    this.#idle = new IdleWait(deps.deadlines, () => this.#running.size === 0 && this.#poster.isIdle);
  }

  /** Ends what a former process had under way: it may have been sent, so it is not sent again. Rejects when the disk refuses. */
  async recover(): Promise<void> {
    for (const { facts } of interrupted(this.store.book, this.store.damaged)) {
      // The answer may have been written just before the end.
      const answer = await this.store.answer(facts.id);
      if (answer === undefined) await this.#finish(facts, failJob(facts, interruptedError(), this.#deps));
      else await this.store.finish(facts.id, answer, this.#deps.now());
    }
  }

  /** All that is to be done now, and an alarm for what is to be done next. Called whenever something changed. */
  work(): void {
    this.#cancelAlarm();
    this.#idle.changed();
    if (this.#closing) return;
    const { book } = this.store;
    const nowMs = this.#deps.now();
    for (const { facts } of expired(book, nowMs)) void this.store.remove(facts.id);
    const isWriting = this.#start(nowMs);
    const postMs = this.#hasPolicy ? this.#poster.work(nowMs) : Number.POSITIVE_INFINITY;
    const nextMs = isWriting ? Math.min(nextChangeMs(book), postMs) : nowMs + RETRY_MS;
    if (nextMs !== Number.POSITIVE_INFINITY)
      this.#cancelAlarm = this.#deps.timers.after(waitMs(nextMs - nowMs), () => this.work());
  }

  /** Ends the job if it runs, and forgets it. */
  async giveUp(id: string): Promise<void> {
    this.#running.get(id)?.cancel(new ClientGone('The client gave the job up.'));
    await this.store.remove(id);
    this.work();
  }

  /** Ends those that run; the error is their answer. */
  endRunning(errorOf: () => RemoraError): void {
    for (const scope of this.#running.values()) scope.cancel(errorOf());
  }

  /** Starts nothing more, lets running jobs and posts end until the deadline, then ends them. What waits is for the next process. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#cancelAlarm();
    await this.#idle.within(deadlineMs);
    this.endRunning(interruptedError);
    this.#poster.close();
    await this.#idle.within(LAST_WORDS_MS);
    this.store.close();
  }

  get #hasPolicy(): boolean {
    return this.#deps.policies.current !== undefined;
  }

  /** Ends who is late and starts who may. False when the journal cannot be written, so that nothing may begin. */
  #start(nowMs: number): boolean {
    const { book } = this.store;
    try {
      for (const job of overdue(book, nowMs))
        this.#begin(job, async ({ facts }) => failJob(facts, lateError(facts), this.#deps));
      const next = this.#hasPolicy ? startable(book, this.#deps.config.jobs) : [];
      for (const job of next) this.#begin(job, (begun, scope) => this.#run(begun, scope));
      return true;
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error;
      return false;
    }
  }

  /** Throws JournalUnavailable; then nothing was begun. */
  #begin(job: Job, work: (job: Job, scope: RequestScope) => Promise<Collected | undefined>): void {
    this.store.start(job);
    const scope = new RequestScope(this.#deps.deadlines);
    this.#running.set(job.facts.id, scope);
    void this.#end(job.facts, work(job, scope));
  }

  async #run({ facts }: Job, scope: RequestScope): Promise<Collected | undefined> {
    const request = await this.store.request(facts.id);
    if (request === undefined) return failJob(facts, unreadableError(), this.#deps);
    const { answerBytes } = this.#deps.config.jobs;
    return runJob({ facts, request, scope, answerBytes }, this.#deps);
  }

  async #end(facts: JobFacts, work: Promise<Collected | undefined>): Promise<void> {
    try {
      const collected = await work;
      if (collected !== undefined) await this.#finish(facts, collected);
    } catch (fault) {
      this.#deps.onFault(fault, facts.requestId);
    } finally {
      this.#running.delete(facts.id);
      this.work();
    }
  }

  /** Rejects when the answer cannot be kept. */
  async #finish({ id, posts }: JobFacts, { status, headers, body }: Collected): Promise<void> {
    const request = posts ? await this.store.request(id) : undefined;
    const address = request?.head.address ?? null;
    await this.store.finish(id, { head: { status, headers, address }, body }, this.#deps.now());
  }
}

const waitMs = (ms: number): number => Math.min(LONGEST_WAIT_MS, Math.max(1, ms));
