/** Jobs on the disk: the journal says which there are and how far they came, sealed files hold what was asked and answered. */
import { join } from 'node:path';
import { z } from 'zod';
import type { JobPlace } from '#sidecar/config/sidecar-config';
import { DiskJournalFile } from '#sidecar/journal/journal-file';
import { StateJournal } from '#sidecar/journal/state-journal';
import { JOB_JOURNAL, type Job, type JobBook } from './job-book.ts';
import type { JobEntry, JobFacts } from './job-entry.ts';
import { type Sealed, SealedFiles } from './sealed-files.ts';

const requestHead = z.object({
  /** Of its path, such as the model. */
  values: z.record(z.string(), z.string()),
  query: z.string(),
  headers: z.record(z.string(), z.string()),
  /** Of the token that it came with: a job is held to its AIKey when it runs. */
  keyDigest: z.string().optional(),
  /** Where the result is posted; null: nowhere. */
  address: z.string().nullable(),
});
type RequestHead = z.infer<typeof requestHead>;
export type JobRequest = Sealed<RequestHead>;

const answerHead = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.string()),
  address: z.string().nullable(),
});
type AnswerHead = z.infer<typeof answerHead>;
export type JobAnswer = Sealed<AnswerHead>;

const JOURNAL_FILE = 'journal';
const requestFile = (id: string): string => `${id}.request`;
const answerFile = (id: string): string => `${id}.answer`;

export class JobStore {
  readonly #journal: StateJournal<JobBook, JobEntry>;
  readonly #files: SealedFiles;

  constructor({ dir, keyDir }: JobPlace) {
    this.#journal = new StateJournal(new DiskJournalFile(join(dir, JOURNAL_FILE)), JOB_JOURNAL);
    this.#files = new SealedFiles(dir, keyDir);
  }

  get book(): Readonly<JobBook> {
    return this.#journal.state;
  }

  /** A part of what was written is lost. */
  get damaged(): boolean {
    return this.#journal.damaged;
  }

  /** Reads what is there. Throws JournalUnavailable; may be called again until it succeeds. */
  async load(): Promise<void> {
    this.#journal.load();
    const names = [...this.book.keys()].flatMap((id) => [requestFile(id), answerFile(id)]);
    const kept = new Set([...names, JOURNAL_FILE]);
    await this.#files.sweep((name) => kept.has(name) || !/\.(request|answer)(\.new)?$/.test(name));
  }

  request(id: string): Promise<JobRequest | undefined> {
    return this.#files.read(requestFile(id), requestHead);
  }

  answer(id: string): Promise<JobAnswer | undefined> {
    return this.#files.read(answerFile(id), answerHead);
  }

  /** Durable when it resolves. Rejects when the disk refuses; then the job does not exist. */
  async accept(facts: JobFacts, { head, body }: JobRequest): Promise<void> {
    try {
      await this.#files.write(requestFile(facts.id), head, body);
      this.#journal.append({ type: 'accepted', job: facts });
    } catch (error) {
      await this.#files.remove(requestFile(facts.id));
      throw error;
    }
  }

  /** Throws JournalUnavailable; then the job must not be started. */
  start({ facts: { id } }: Job): void {
    this.#journal.append({ type: 'started', id });
  }

  /** Rejects when the answer cannot be kept; the job is finished all the same. */
  async finish(id: string, { head, body }: JobAnswer, atMs: number): Promise<void> {
    if (!this.book.has(id)) return;
    try {
      await this.#files.write(answerFile(id), head, body);
    } finally {
      this.#journal.appendSoon({ type: 'finished', id, atMs, status: head.status, bytes: body.length });
      await this.#files.remove(requestFile(id));
      if (!this.book.has(id)) await this.#files.remove(answerFile(id));
    }
  }

  posted(id: string): void {
    this.#journal.appendSoon({ type: 'posted', id });
  }

  async remove(id: string): Promise<void> {
    this.#journal.appendSoon({ type: 'removed', id });
    await Promise.all([requestFile(id), answerFile(id)].map((name) => this.#files.remove(name)));
  }

  close(): void {
    this.#journal.close();
  }
}
