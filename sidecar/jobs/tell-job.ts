/** What a client reads of a job that has no answer yet, and under which headers. */
import { RESPONSE_HEADER } from '#contract/names/headers';
import { requestIdHeaders } from '#sidecar/pipeline/request-id-headers';
import type { Job } from './job-book.ts';
import type { JobFacts } from './job-entry.ts';
import { dialectOfJob, jobPath } from './job-id.ts';

export interface JobReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** After which a client may look again, in seconds. */
const LOOK_AGAIN_S = '1';

export const acceptedAnswer = (facts: JobFacts): JobReply => pending(facts, 'queued');

/** Of a job without an answer. */
export const statusAnswer = ({ facts, isStarted }: Job): JobReply => pending(facts, isStarted ? 'running' : 'queued');

function pending(facts: JobFacts, status: 'queued' | 'running'): JobReply {
  const { id, requestId, route, acceptedMs, deadlineMs } = facts;
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  return {
    status: 202,
    headers: {
      'content-type': 'application/json',
      ...requestIdHeaders(dialectOfJob(id), requestId),
      [RESPONSE_HEADER.route]: route,
      location: jobPath(id),
      'retry-after': LOOK_AGAIN_S,
    },
    body: JSON.stringify({
      id,
      object: 'remora.job',
      status,
      created_at: seconds(acceptedMs),
      deadline_at: seconds(deadlineMs),
    }),
  };
}

export const deletedAnswer = (id: string): JobReply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ id, object: 'remora.job', deleted: true }),
});
