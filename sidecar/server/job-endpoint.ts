/** Where jobs are looked at and given up: `/v1/remora/jobs/{id}`. */
import { RemoraError } from '#sidecar/errors/remora-error';
import { dialectOfJob } from '#sidecar/jobs/job-id';
import type { Jobs } from '#sidecar/jobs/jobs';
import { deletedAnswer, type JobReply } from '#sidecar/jobs/tell-job';
import type { Reply } from '#sidecar/pipeline/call';
import { errorAnswer } from '#sidecar/pipeline/render-failure';
import { methodNotAllowed } from './asked-endpoint.ts';

export interface JobCall {
  readonly id: string;
  readonly method: string | undefined;
  readonly requestId: string;
  readonly reply: Reply;
  /** Counts the bytes of a result until it has left. Throws `overloaded`. */
  hold(bytes: number): void;
}

/** Never rejects. Errors are told in the dialect of whoever sent the job. */
export async function answerJob(
  call: JobCall,
  jobs: Jobs,
  onFault: (cause: unknown, id: string) => void,
): Promise<void> {
  const { status, headers, body } = await answerOf(call, jobs).catch((thrown: unknown) => {
    const error = RemoraError.from(thrown);
    if (error.code === 'internal') onFault(thrown, call.requestId);
    return errorAnswer(error, dialectOfJob(call.id), call.requestId);
  });
  call.reply.whole(status, headers, body);
}

async function answerOf({ id, method, hold }: JobCall, jobs: Jobs): Promise<JobReply> {
  if (method === 'GET') return jobs.tell(id, hold);
  if (method !== 'DELETE') throw methodNotAllowed(['GET', 'DELETE']);
  await jobs.giveUp(id);
  return deletedAnswer(id);
}
