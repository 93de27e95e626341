/** The way of changes into a history that comes and goes, and what is found when nobody watched. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AuditRecord } from '#contract/history/audit';
import { openHistory } from '#history/histories';
import { type AuditFacts, type HistoryStore, HistoryUnavailable } from '#history/history-store';
import { AuditTrail } from '#operator/audit/audit-trail';
import { compareObjects } from '#operator/audit/compare-objects';
import type { AuditedObject } from '#operator/audit/facts';
import type { KubeCall, KubeClient } from '#operator/kube/kube-client';
import { eventually } from '#test/operator/eventually';

const NOW = Date.UTC(2026, 10, 22, 12);
const OPERATOR = 'system:serviceaccount:remora-system:remora';

const budget = (name: string, generation: number, usd: number, more: object = {}): AuditedObject => ({
  kind: 'AIBudget',
  metadata: {
    ...{ name, namespace: 'shop', uid: `uid-${name}`, generation, creationTimestamp: '2026-11-01T00:00:00Z', ...more },
  },
  spec: { usd },
});
const CAPS = { kind: 'AIBudget', namespace: 'shop', name: 'caps' };
const update = (username: string, object: AuditedObject, oldObject?: AuditedObject) => ({
  ...{ operation: oldObject === undefined ? 'CREATE' : 'UPDATE', username, object, oldObject },
});

interface Stage {
  readonly trail: AuditTrail;
  readonly history: HistoryStore;
  /** What the API server lists. */
  readonly listed: AuditedObject[];
  readonly dropped: () => number;
  away: boolean;
  /** Resolves when a try has failed and the next one waits. */
  failed(): Promise<unknown>;
  tryAgain(): void;
  settled(): Promise<unknown>;
  records(): Promise<readonly AuditRecord[]>;
}

function stage(t: TestContext, history = historyFor(t)): Stage {
  const listed: AuditedObject[] = [];
  const pauses: (() => void)[] = [];
  let dropped = 0;
  const store: Pick<HistoryStore, 'audit' | 'auditKnown'> = {
    async audit(facts: AuditFacts) {
      if (staged.away) throw new HistoryUnavailable('it is away');
      return history.audit(facts);
    },
    async auditKnown(scope, after) {
      if (staged.away) throw new HistoryUnavailable('it is away');
      return history.auditKnown(scope, after);
    },
  };
  /** The API server, which gives a page of one at a time. */
  const call = async ({ path, query }: KubeCall): Promise<unknown> => {
    const all = path.endsWith('/aibudgets') ? listed : [];
    const at = Number(query?.continue ?? 0);
    return { metadata: at + 1 < all.length ? { continue: String(at + 1) } : {}, items: all.slice(at, at + 1) };
  };
  const cluster = async () => 'one';
  const trail = new AuditTrail({
    ...{ store, cluster, operator: OPERATOR, now: () => NOW, log: { info: () => {}, warn: () => {} } },
    compare: compareObjects({ store, cluster, client: { call } as KubeClient, namespace: undefined, now: () => NOW }),
    onDropped(count) {
      dropped += count;
    },
    after(ms, task) {
      if (ms !== PAUSE_MS) return () => {};
      pauses.push(task);
      return () => {};
    },
  });
  t.after(() => trail.close());
  const staged: Stage = {
    ...{ trail, history, listed, away: false },
    dropped: () => dropped,
    failed: () => eventually('a pause', () => pauses.length > 0),
    tryAgain: () => pauses.pop()?.(),
    settled: () => eventually('nothing to wait', () => trail.waiting === 0 && trail.failingSeconds === 0),
    records: async () => (await history.auditRecords({ sinceMs: 0, untilMs: NOW * 2, limit: 1_000 })).records,
  };
  return staged;
}

/** Between two tries. */
const PAUSE_MS = 2_000;

function historyFor(t: TestContext): HistoryStore {
  const folder = mkdtempSync(join(tmpdir(), 'remora-trail-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const history = openHistory(`sqlite:${folder}/history.db`);
  t.after(() => history.close());
  return history;
}

const lines = (records: readonly AuditRecord[]): string[] =>
  records.map(({ actor, action, generation }) => `${actor} ${action} ${generation}`);

test('while the history is away changes wait, and are recorded with who asked once it is back', async (t) => {
  const staged = stage(t);
  const { trail } = staged;
  staged.away = true;
  trail.start();
  const [one, two] = [budget('caps', 1, 1), budget('caps', 2, 2)];
  trail.admitted(update('ann', one));
  trail.seen(one);
  trail.admitted(update('ben', two, one));
  trail.seen(two);
  trail.admitted({ operation: 'DELETE', username: 'cleo', oldObject: two });
  trail.gone(CAPS);
  trail.decided({ action: 'priceBookTaken', what: 'v2', outcome: 'a file' });
  await staged.failed();
  assert.equal(trail.waiting, 7);
  staged.away = false;
  staged.tryAgain();
  await staged.settled();
  assert.deepEqual(lines(await staged.records()).toSorted(), [
    ...['ann created 1', 'ben changed 2', 'cleo deleted 2', `${OPERATOR} priceBookTaken null`],
  ]);
  assert.equal(staged.dropped(), 0);
});

test('a status that is written anew, and an edit beside the spec, are told to nobody', async (t) => {
  const staged = stage(t);
  const { trail } = staged;
  staged.away = true;
  trail.start();
  trail.seen(budget('caps', 1, 1));
  assert.equal(trail.waiting, 1);
  for (let write = 0; write < 100; write += 1) trail.seen(budget('caps', 1, 1, { resourceVersion: String(write) }));
  trail.admitted(update('ann', budget('caps', 1, 1, { labels: { a: 'b' } }), budget('caps', 1, 1)));
  assert.equal(trail.waiting, 1);
});

test('what finds no room is counted, and what it told of an object is found anew', async (t) => {
  const staged = stage(t);
  const { trail, listed } = staged;
  trail.start();
  await staged.settled();
  staged.away = true;
  for (let generation = 1; generation <= 10_500; generation += 1) trail.seen(budget('caps', generation, generation));
  trail.seen(budget('other', 1, 1));
  trail.gone({ ...CAPS, name: 'other' });
  listed.push(budget('caps', 10_500, 10_500));
  assert.equal(trail.waiting, 10_000);
  assert.equal(staged.dropped(), 502);
  await staged.failed();
  staged.away = false;
  staged.tryAgain();
  await staged.settled();
  const [newest] = (await staged.records()).filter(({ name }) => name === 'caps');
  assert.equal(newest?.generation, 10_500);
});

test('what changed while nobody watched is found, by the time that the API server noted, and what went, too', async (t) => {
  const history = historyFor(t);
  const before = stage(t, history);
  before.trail.start();
  for (const name of ['caps', 'same', 'left']) before.trail.seen(budget(name, 1, 1));
  await before.settled();
  await before.trail.close();

  const staged = stage(t, history);
  const managedFields = [
    { time: '2026-11-22T11:00:00Z' },
    { time: '2026-11-22T11:30:00Z' },
    { time: '2026-11-22T11:59:00Z', subresource: 'status' },
  ];
  staged.listed.push(budget('caps', 3, 9, { managedFields }), budget('same', 1, 1), budget('new', 1, 1));
  for (const object of staged.listed) staged.trail.seen(object);
  staged.trail.start();
  await eventually('four more', async () => (await staged.records()).length === 6);
  const all = await staged.records();
  const [caps] = all.filter(({ name }) => name === 'caps');
  assert.deepEqual([caps?.action, caps?.fromGeneration, caps?.generation], ['changed', 1, 3]);
  assert.deepEqual(caps?.changes, [{ path: '/spec/usd', from: '1', to: '9' }]);
  assert.deepEqual(all.map(({ action, name }) => `${action} ${name}`).toSorted(), [
    'changed caps',
    'created caps',
    'created left',
    'created new',
    'created same',
    'deleted left',
  ]);
  const created = all.find(({ name }) => name === 'new');
  assert.equal(created?.timeMs, Date.parse('2026-11-01T00:00:00Z'));
});

test('a comparison leaves to the watch what it has yet to show, so that no version is passed over', async (t) => {
  const staged = stage(t);
  const { trail, listed, history } = staged;
  trail.seen(budget('caps', 1, 1));
  listed.push(budget('caps', 3, 3));
  trail.start();
  await staged.settled();
  trail.seen(budget('caps', 2, 2));
  trail.seen(budget('caps', 3, 3));
  await staged.settled();
  const known = await eventually('all of it', async () => {
    const { known: all } = await history.auditKnown({ cluster: 'one' });
    return all[0]?.generation === 3 && all;
  });
  assert.equal(known.length, 1);
  assert.deepEqual(lines(await staged.records()), [' changed 3', ' found 2']);
});

test('what waits when the process ends is written once more', async (t) => {
  const staged = stage(t);
  staged.away = true;
  staged.trail.start();
  staged.trail.seen(budget('caps', 1, 1));
  await staged.failed();
  staged.away = false;
  await staged.trail.close();
  assert.deepEqual(lines(await staged.records()), [' created 1']);
});
