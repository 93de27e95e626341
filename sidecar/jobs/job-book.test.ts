import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JobLimits } from '#sidecar/config/sidecar-config';
import {
  applyEntry,
  expired,
  hasRoom,
  interrupted,
  JOB_JOURNAL,
  type JobBook,
  nextChangeMs,
  overdue,
  startable,
  toPost,
} from './job-book.ts';
import { type JobEntry, type JobFacts, parseEntry } from './job-entry.ts';

const LIMITS: JobLimits = {
  ...{ most: 4, running: 2, runningBytes: 100, requestBytes: 200 },
  ...{ answerBytes: 50, storedBytes: 200 },
};

const facts = (id: string, parts: Partial<JobFacts> = {}): JobFacts => ({
  ...{ id, requestId: `r-${id}`, route: 'shop/chat', acceptedMs: 0, deadlineMs: 1_000, retentionMs: 500 },
  ...{ bytes: 10, posts: false },
  ...parts,
});

const accepted = (id: string, parts: Partial<JobFacts> = {}): JobEntry => ({ type: 'accepted', job: facts(id, parts) });
const started = (id: string): JobEntry => ({ type: 'started', id });
const finished = (id: string, parts: object = {}): JobEntry => ({
  ...{ type: 'finished', id, atMs: 100, status: 200, bytes: 40 },
  ...parts,
});

function bookOf(...entries: readonly JobEntry[]): JobBook {
  const book = JOB_JOURNAL.empty();
  for (const entry of entries) applyEntry(book, entry);
  return book;
}

const idsOf = (jobs: readonly { readonly facts: JobFacts }[]): string[] => jobs.map(({ facts: { id } }) => id);

const anyEntry: fc.Arbitrary<JobEntry> = fc
  .record({ id: fc.constantFrom('a', 'b', 'c'), posts: fc.boolean() })
  .chain(({ id, posts }) =>
    fc.constantFrom<JobEntry>(
      accepted(id, { posts }),
      started(id),
      finished(id),
      { type: 'posted', id },
      { type: 'removed', id },
    ),
  );

test('a compacted journal leads to the same jobs in the same order, whatever came before it', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 30 }), (entries) => {
      const book = bookOf(...entries);
      const again = bookOf(...JOB_JOURNAL.snapshot(book));
      assert.deepEqual([...again], [...book]);
    }),
    { seed: 24100, verbose: 1 },
  );
});

test('every entry passes the schema by which it is read again', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => assert.deepEqual(JOB_JOURNAL.parse(JSON.parse(JSON.stringify(entry))), entry)),
    { seed: 24101 },
  );
  assert.equal(JOB_JOURNAL.parse({ type: 'guessed', id: 'a' }), undefined);
});

test('interrupted are those that were started and have no answer, and after damage all that have none', () => {
  const book = bookOf(accepted('a'), accepted('b'), accepted('c'), started('b'), started('c'), finished('c'));
  assert.deepEqual(idsOf(interrupted(book, false)), ['b']);
  assert.deepEqual(idsOf(interrupted(book, true)), ['a', 'b']);
});

test('jobs start in their order, no more of them than may run, and no more bytes than fit', () => {
  const book = bookOf(accepted('a'), accepted('b'), accepted('c'));
  assert.deepEqual(idsOf(startable(book, LIMITS)), ['a', 'b']);
  applyEntry(book, started('a'));
  assert.deepEqual(idsOf(startable(book, LIMITS)), ['b']);
  const large = bookOf(accepted('a', { bytes: 60 }), accepted('b', { bytes: 60 }), accepted('c', { bytes: 1 }));
  assert.deepEqual(idsOf(startable(large, LIMITS)), ['a'], 'nobody overtakes the one that does not fit');
  assert.deepEqual(idsOf(startable(bookOf(accepted('a', { bytes: 150 })), LIMITS)), ['a'], 'one always may');
});

test('a job starts only when its answer will have room', () => {
  const full = bookOf(accepted('a'), started('a'), finished('a', { bytes: 160 }), accepted('b'));
  assert.deepEqual(startable(full, LIMITS), []);
  applyEntry(full, { type: 'removed', id: 'a' });
  assert.deepEqual(idsOf(startable(full, LIMITS)), ['b']);
});

test('there is room for a number of jobs, finished ones included, and for the bytes of those that are not', () => {
  const book = bookOf(accepted('a', { bytes: 150 }), accepted('b'));
  assert.equal(hasRoom(book, 40, LIMITS), true);
  assert.equal(hasRoom(book, 41, LIMITS), false);
  applyEntry(book, finished('a'));
  assert.equal(hasRoom(book, 190, LIMITS), true);
  for (const id of ['c', 'd']) applyEntry(book, accepted(id));
  assert.equal(hasRoom(book, 1, LIMITS), false);
});

test('what waits is overdue at its deadline, and what is finished expires after its retention', () => {
  const book = bookOf(accepted('a'), accepted('b'), started('b'), accepted('c'), started('c'), finished('c'));
  assert.equal(nextChangeMs(book), 600);
  assert.deepEqual([idsOf(expired(book, 599)), idsOf(expired(book, 600))], [[], ['c']]);
  assert.deepEqual([idsOf(overdue(book, 999)), idsOf(overdue(book, 1_000))], [[], ['a']]);
  assert.equal(nextChangeMs(bookOf()), Number.POSITIVE_INFINITY);
});

test('a result is to be posted from its end until one post is taken, and only where that was asked for', () => {
  const book = bookOf(accepted('a', { posts: true }), accepted('b'), finished('b'));
  assert.deepEqual(toPost(book), []);
  applyEntry(book, finished('a'));
  assert.deepEqual(idsOf(toPost(book)), ['a']);
  applyEntry(book, { type: 'posted', id: 'a' });
  assert.deepEqual(toPost(book), []);
});

test('entries on a job that was removed change nothing', () => {
  const book = bookOf(accepted('a'), started('a'), { type: 'removed', id: 'a' }, finished('a'), {
    type: 'posted',
    id: 'a',
  });
  assert.equal(book.size, 0);
});

test('an entry whose id would lead to a file elsewhere, or whose sizes are none, is no entry', () => {
  for (const id of ['../../etc/passwd', 'a/b', 'a.b', '', 'x'.repeat(200)])
    for (const entry of [accepted(id), started(id), finished(id), { type: 'posted', id }, { type: 'removed', id }])
      assert.equal(parseEntry(entry), undefined, `${entry.type} ${id}`);
  for (const bytes of [-1, 0.5, 1e300]) {
    assert.equal(parseEntry(accepted('a', { bytes })), undefined);
    assert.equal(parseEntry(finished('a', { bytes })), undefined);
  }
  assert.deepEqual(parseEntry(accepted('job_openai-chat_0f')), accepted('job_openai-chat_0f'));
});
