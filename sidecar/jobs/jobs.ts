/** The desk of jobs: takes requests with a callback in and answers them with an id at once, tells how far a job is, and gives one up. */
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { renderFailure } from '#sidecar/pipeline/render-failure';
import { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import { hasRoom } from './job-book.ts';
import type { JobFacts } from './job-entry.ts';
import { JobRunner, type JobRunnerDeps } from './job-runner.ts';
import { JobStore } from './job-store.ts';
import { type PreparedJob, prepareJob } from './prepare-job.ts';
import { lostError } from './run-job.ts';
import { acceptedAnswer, type JobReply, statusAnswer } from './tell-job.ts';

/** After which a client may try again. */
const RETRY_MS = 5_000;

export interface JobsDeps extends JobRunnerDeps {
  readonly config: Pick<SidecarConfig, 'jobs' | 'jobsIn'>;
  /** 128 random bits in hexadecimal. */
  readonly randomId: () => string;
}

export class Jobs {
  readonly #deps: JobsDeps;
  #opening: Promise<JobRunner> | undefined;
  #runner: JobRunner | undefined;
  /** On their way to the disk. */
  #arriving = 0;
  #arrivingBytes = 0;
  #closing = false;

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
    queueMicrotask(() => this.#runner?.work());
  }

  /** Ends those that run; the error is their answer. */
  endOpen(errorOf: () => RemoraError): void {
    this.#runner?.endRunning(errorOf);
  }

  /** Takes a request in the place of `handle`. Never rejects. */
  async accept(call: Call): Promise<void> {
    const { now, telemetry, onFault } = this.#deps;
    const log = new RequestRecorder(call, now());
    try {
      const { facts } = await this.#take(call, log);
      const { status, headers, body } = acceptedAnswer(facts);
      // Recorded when the job is over, as the one request that it is.
      call.reply.whole(status, headers, body);
      this.#runner?.work();
    } catch (thrown) {
      const error = renderFailure(thrown, call, log);
      if (error?.code === 'internal') onFault(error.cause, call.requestId);
      telemetry.record(log.finish());
    } finally {
      call.scope.close();
      call.body.release();
    }
  }

  /**
   * What is known of a job: its answer, or how far it is. Throws `unknown_job`, `job_interrupted` or `callback_unavailable`, and what `hold`
   * throws, which is told the bytes of an answer before they are read.
   */
  async tell(id: string, hold: (bytes: number) => void): Promise<JobReply> {
    const { store } = await this.#opened();
    const job = store.book.get(id);
    if (job === undefined) throw unknownJob();
    if (job.finished === undefined) return statusAnswer(job);
    hold(job.finished.bytes);
    const answer = await store.answer(id);
    if (answer !== undefined) return { ...answer.head, body: answer.body };
    throw store.book.has(id) ? lostError() : unknownJob();
  }

  /** Throws `unknown_job` or `callback_unavailable`. */
  async giveUp(id: string): Promise<void> {
    const runner = await this.#opened();
    if (!runner.store.book.has(id)) throw unknownJob();
    await runner.giveUp(id);
  }

  async close({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    this.#closing = true;
    await this.#runner?.close(deadlineMs);
  }

  #opened(): Promise<JobRunner> {
    this.#opening ??= this.#load().catch((error: unknown) => {
      this.#opening = undefined;
      throw error instanceof RemoraError ? error : unavailable('its journal cannot be read');
    });
    return this.#opening;
  }

  async #load(): Promise<JobRunner> {
    const { jobsIn } = this.#deps.config;
    if (jobsIn === undefined || this.#closing) throw unavailable('it has no place to keep them');
    const runner = new JobRunner(this.#deps, new JobStore(jobsIn));
    try {
      await runner.store.load();
      await runner.recover();
    } catch (error) {
      runner.store.close();
      throw error;
    }
    this.#runner = runner;
    runner.work();
    return runner;
  }

  async #take(call: Call, log: RequestRecorder): Promise<PreparedJob> {
    const job = await prepareJob({ call, log, deps: this.#deps, random: this.#deps.randomId() });
    const { store } = await this.#opened();
    this.#refuseWithoutRoom(store, job.facts);
    call.scope.throwIfCancelled();
    this.#arriving += 1;
    this.#arrivingBytes += job.facts.bytes;
    try {
      await store.accept(job.facts, job.request);
      return job;
    } catch {
      throw unavailable('its journal cannot be written');
    } finally {
      this.#arriving -= 1;
      this.#arrivingBytes -= job.facts.bytes;
    }
  }

  #refuseWithoutRoom({ book }: JobStore, { bytes }: JobFacts): void {
    if (this.#closing) throw unavailable('it is shutting down');
    const { jobs } = this.#deps.config;
    const limits = { ...jobs, most: jobs.most - this.#arriving };
    if (!hasRoom(book, bytes + this.#arrivingBytes, limits)) throw unavailable('as many as it may keep are in hand');
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
