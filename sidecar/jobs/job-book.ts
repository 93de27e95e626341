/** All jobs of one sidecar as a reduction over its journal, and what follows from it: who may start, who is late, what is thrown away. */
import type { JobLimits } from '#sidecar/config/sidecar-config';
import type { JournalForm } from '#sidecar/journal/state-journal';
import { type JobEntry, type JobFacts, parseEntry } from './job-entry.ts';

interface Finished {
  readonly atMs: number;
  readonly status: number;
  readonly bytes: number;
  readonly isPosted: boolean;
}

export interface Job {
  readonly facts: JobFacts;
  readonly isStarted: boolean;
  readonly finished: Finished | undefined;
}

/** By id, in the order of acceptance. */
export type JobBook = Map<string, Job>;

export const JOB_JOURNAL: JournalForm<JobBook, JobEntry> = {
  empty: () => new Map(),
  encode: JSON.stringify,
  parse: parseEntry,
  apply: applyEntry,
  snapshot: (book) => [...book.values()].flatMap(entriesOf),
};

/** An entry on a job that is not there changes nothing: it was removed while its work went on. */
export function applyEntry(book: JobBook, entry: JobEntry): void {
  if (entry.type === 'accepted') {
    book.set(entry.job.id, { facts: entry.job, isStarted: false, finished: undefined });
    return;
  }
  const job = book.get(entry.id);
  if (job === undefined) return;
  if (entry.type === 'removed') book.delete(entry.id);
  else book.set(entry.id, changed(job, entry));
}

function changed(job: Job, entry: Exclude<JobEntry, { type: 'accepted' | 'removed' }>): Job {
  switch (entry.type) {
    case 'started':
      return { ...job, isStarted: true };
    case 'finished': {
      const { atMs, status, bytes } = entry;
      return { ...job, finished: { atMs, status, bytes, isPosted: !job.facts.posts } };
    }
    case 'posted':
      return job.finished === undefined ? job : { ...job, finished: { ...job.finished, isPosted: true } };
  }
}

/** What leads to the same job. */
function entriesOf({ facts, isStarted, finished }: Job): JobEntry[] {
  const { id } = facts;
  const entries: JobEntry[] = [{ type: 'accepted', job: facts }];
  if (isStarted) entries.push({ type: 'started', id });
  if (finished === undefined) return entries;
  const { atMs, status, bytes, isPosted } = finished;
  entries.push({ type: 'finished', id, atMs, status, bytes });
  if (facts.posts && isPosted) entries.push({ type: 'posted', id });
  return entries;
}

/**
 * Those whose provider may have been asked by a process that is gone. A damaged journal may have lost that any of them was started, so
 * then it is all that have no result.
 */
export const interrupted = (book: JobBook, damaged: boolean): readonly Job[] =>
  [...book.values()].filter(({ isStarted, finished }) => finished === undefined && (isStarted || damaged));

/** Whether one more can be taken in. */
export function hasRoom(book: JobBook, bytes: number, { most, requestBytes }: JobLimits): boolean {
  const open = [...book.values()].filter(({ finished }) => finished === undefined);
  const held = open.reduce((sum, { facts }) => sum + facts.bytes, 0);
  return book.size < most && held + bytes <= requestBytes;
}

/**
 * Those that may start now, oldest first: as many as may run together, whose requests fit in memory together, and for whose results
 * there will be room. One job always may run.
 */
export function startable(book: JobBook, { running, runningBytes, answerBytes, storedBytes }: JobLimits): Job[] {
  const jobs = [...book.values()];
  const active = jobs.filter(({ isStarted, finished }) => isStarted && finished === undefined);
  const stored = jobs.reduce((sum, { finished }) => sum + (finished?.bytes ?? 0), 0);
  let count = active.length;
  let bytes = active.reduce((sum, { facts }) => sum + facts.bytes, 0);
  const chosen: Job[] = [];
  for (const job of jobs) {
    if (job.isStarted || job.finished !== undefined) continue;
    const fits = count === 0 || bytes + job.facts.bytes <= runningBytes;
    if (!fits || count >= running || stored + (count + 1) * answerBytes > storedBytes) break;
    chosen.push(job);
    count += 1;
    bytes += job.facts.bytes;
  }
  return chosen;
}

/** Not begun by their deadline. */
export const overdue = (book: JobBook, nowMs: number): Job[] =>
  [...book.values()].filter((job) => isWaiting(job) && job.facts.deadlineMs <= nowMs);

/** Results that nobody can fetch any more. */
export const expired = (book: JobBook, nowMs: number): Job[] =>
  [...book.values()].filter((job) => expiryMs(job) <= nowMs);

export const toPost = (book: JobBook): Job[] =>
  [...book.values()].filter(({ finished }) => finished?.isPosted === false);

/** When the next one is overdue or expires; infinite when none will. */
export const nextChangeMs = (book: JobBook): number =>
  Math.min(...[...book.values()].map((job) => (isWaiting(job) ? job.facts.deadlineMs : expiryMs(job))));

const isWaiting = ({ isStarted, finished }: Job): boolean => !isStarted && finished === undefined;

const expiryMs = ({ facts, finished }: Job): number =>
  finished === undefined ? Number.POSITIVE_INFINITY : finished.atMs + facts.retentionMs;
