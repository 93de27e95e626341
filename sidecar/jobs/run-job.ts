/** One job as one ordinary request of the pipeline, whose answer is collected instead of delivered. */
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { handle, type PipelineDeps } from '#sidecar/pipeline/handle';
import { errorAnswer } from '#sidecar/pipeline/render-failure';
import { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import type { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { type Collected, CollectedReply } from './collected-reply.ts';
import type { JobFacts } from './job-entry.ts';
import { dialectOfJob } from './job-id.ts';
import type { JobRequest } from './job-store.ts';

/** The deadline of the job ends it first, so that its words are told. */
const GRACE_MS = 1_000;

export interface JobRun {
  readonly facts: JobFacts;
  readonly request: JobRequest;
  readonly scope: RequestScope;
  readonly answerBytes: number;
}

/** Never rejects. undefined: it was given up, and nobody is to be told. */
export async function runJob(run: JobRun, deps: PipelineDeps): Promise<Collected | undefined> {
  const { facts, request, scope } = run;
  const reply = new CollectedReply(run.answerBytes);
  const leftMs = facts.deadlineMs - deps.now();
  const deadline = scope.deadlines.in(leftMs, () => scope.cancel(lateError(facts)));
  await handle({ ...callOf(facts, request, reply, scope), patienceMs: leftMs + GRACE_MS }, deps);
  scope.deadlines.cancel(deadline);
  return reply.collected;
}

/** The answer of a job that no pipeline gave, in the words of its client; it is recorded as the end of its request. */
export function failJob(facts: JobFacts, error: RemoraError, { now, telemetry }: PipelineDeps): Collected {
  const dialect = dialectOfJob(facts.id);
  const endpoint = { dialect, values: {}, query: new URLSearchParams() };
  const log = new RequestRecorder({ requestId: facts.requestId, endpoint, headers: {} }, now());
  log.outcome = error.code;
  log.status = error.status;
  log.decidedBy = error.details.object;
  telemetry.record(log.finish());
  const { status, headers, body } = errorAnswer(error, dialect, facts.requestId);
  return { status, headers, body: Buffer.from(body) };
}

function callOf(facts: JobFacts, { head, body }: JobRequest, reply: CollectedReply, scope: RequestScope): Call {
  return {
    requestId: facts.requestId,
    endpoint: { dialect: dialectOfJob(facts.id), values: head.values, query: new URLSearchParams(head.query) },
    headers: head.headers,
    ...(head.keyDigest !== undefined && { keyDigest: head.keyDigest }),
    body: { read: async () => body, retain: () => {}, weigh: () => {}, release: () => {} },
    reply,
    scope,
  };
}

export const lateError = ({ route }: JobFacts): RemoraError =>
  new RemoraError({
    code: 'upstream_timeout',
    message: `The job had no answer within the deadline that AIRoute ${route} gives it. Retry later, or raise its callback.deadline.`,
    object: `AIRoute ${route}`,
  });

export const interruptedError = (): RemoraError =>
  new RemoraError({
    code: 'job_interrupted',
    message:
      'The sidecar ended while this job was under way. The provider may have done and billed the work, so it was not sent twice. Send the request again where that does no harm.',
  });

export const unreadableError = (): RemoraError =>
  new RemoraError({
    code: 'job_interrupted',
    message:
      'The request of this job cannot be read from the disk of the pod any more. It was never sent. Send it again.',
  });

export const lostError = (): RemoraError =>
  new RemoraError({
    code: 'job_interrupted',
    message:
      'The result of this job could not be kept on the disk of the pod. Free space on the volume of the journal, and send the request again where that does no harm.',
  });
