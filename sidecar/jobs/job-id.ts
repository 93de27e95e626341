/** The id of a job. It names the dialect of its client, so that even what is not known any more can be told in the shape that the client reads. */
import { JOB_PATH } from '#contract/names/headers';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { DIALECTS } from '#sidecar/dialects/index';

/** Without full stops, which part what is signed of a post. */
const JOB_ID = /^job_([a-z0-9-]+)_[0-9a-f]{32}$/;

/** `random`: 128 bits in hexadecimal; who does not know them cannot guess the id. */
export const jobId = (dialect: AnyDialect, random: string): string => `job_${dialect.id}_${random}`;

/** That of the client who was given the id; the first one where the text is no id of ours. */
export const dialectOfJob = (id: string): AnyDialect =>
  DIALECTS.find((dialect) => dialect.id === JOB_ID.exec(id)?.[1]) ?? DIALECTS[0];

export const jobPath = (id: string): string => JOB_PATH + id;

/** undefined: the path is not of a job. */
export const jobAt = (path: string): string | undefined =>
  path.startsWith(JOB_PATH) ? path.slice(JOB_PATH.length) : undefined;
