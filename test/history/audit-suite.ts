/** What every history promises of records of changes. */
import assert from 'node:assert/strict';
import { type AuditFact, type AuditQuery, type AuditRecord, deletionOf, versionOf } from '#contract/history/audit';
import { specDigest } from '#contract/history/audit-mask';
import type { Json } from '#contract/policy/canonical-json';
import type { HistoryStore } from '#history/history-store';
import type { Promises } from './promises.ts';
import { DAY_MS, NOW } from './rows.ts';

const CLUSTER = 'one';
const ABOUT = { kind: 'AIBudget', namespace: 'shop', name: 'caps', uid: 'u1' };

const seen = (generation: number, spec: Json, more: object = {}) => ({
  ...{ is: 'seen' as const, ...ABOUT, generation, spec, digest: specDigest(spec), timeMs: NOW + generation },
  ...more,
});
const gone = { is: 'gone' as const, ...ABOUT, timeMs: NOW + 1_000 };
const asked = (of: ReturnType<typeof seen>, actor: string, more: object = {}) => ({
  ...{ is: 'admitted' as const, version: versionOf(of), actor, timeMs: of.timeMs - 5 },
  ...more,
});

const tell = (history: HistoryStore, ...facts: readonly (AuditFact | object)[]) =>
  history.audit({ cluster: CLUSTER, facts });

const ALL: AuditQuery = { sinceMs: 0, untilMs: NOW + 10 * DAY_MS, limit: 100 };
const recordsOf = async (history: HistoryStore, query: Partial<AuditQuery> = {}): Promise<readonly AuditRecord[]> =>
  (await history.auditRecords({ ...ALL, ...query })).records;
const line = ({ actor, action, name }: AuditRecord): string => `${actor} ${action} ${name}`;

export function auditSuite(promise: Promises): void {
  records(promise);
  actors(promise);
  retention(promise);
}

function records(promise: Promises): void {
  promise('what changed is told newest first, as it went in, and after it was opened anew, too', async (open) => {
    const first = open();
    const odd = "o'hara ? $1 日本 🦈";
    const one = seen(1, { usd: 1, stopReason: odd });
    assert.deepEqual(await tell(first, one, asked(one, odd)), { kept: 2, bad: 0 });
    await tell(first, seen(2, { usd: 2, stopReason: odd }));
    await first.close();
    const history = open();
    await tell(history, gone);
    const all = await recordsOf(history);
    assert.deepEqual(all.map(line), [' deleted caps', ' changed caps', `${odd} created caps`]);
    assert.deepEqual(all[1], {
      ...{ ...ABOUT, timeMs: NOW + 2, actor: '', action: 'changed', generation: 2, fromGeneration: 1 },
      ...{ changes: [{ path: '/spec/usd', from: '1', to: '2' }], omitted: 0, outcome: '' },
    });
  });

  promise('replicas that tell the same at once make each version one record', async (open) => {
    const [one, two] = [open(), open()];
    const facts = Array.from({ length: 40 }, (_, index) => seen(index + 1, { usd: index }));
    await Promise.all([one, two].flatMap((replica) => [tell(replica, ...facts), tell(replica, ...facts.slice(20))]));
    const all = await recordsOf(one);
    assert.deepEqual(
      all.map(({ generation }) => generation),
      Array.from({ length: all.length }, (_, index) => 40 - index),
    );
    assert.equal(all.length, 40);
  });

  promise('records are found by what they are about, and page by page', async (open) => {
    const history = open();
    const other = { uid: 'u2', name: 'chat', kind: 'AIRoute', namespace: 'search', timeMs: NOW + 3 };
    const facts = [seen(1, { usd: 1 }), seen(2, { usd: 2, stop: true }), seen(1, { a: 1 }, other)] as const;
    await tell(history, ...facts, asked(facts[1], 'ann'), asked(facts[2], 'ben'));
    const found = async (query: Partial<AuditQuery>) => (await recordsOf(history, query)).map(line);
    assert.deepEqual(await found({ kind: 'AIRoute' }), ['ben created chat']);
    assert.deepEqual(await found({ namespace: 'shop', name: 'caps' }), ['ann stopped caps', ' created caps']);
    assert.deepEqual(await found({ actor: 'ann' }), ['ann stopped caps']);
    assert.deepEqual(await found({ actor: '' }), [' created caps']);
    assert.deepEqual(await found({ action: 'stopped' }), ['ann stopped caps']);
    assert.deepEqual(await found({ sinceMs: NOW + 2, untilMs: NOW + 3 }), ['ann stopped caps']);
    const first = await history.auditRecords({ ...ALL, limit: 2 });
    assert.deepEqual(first.records.map(line), ['ben created chat', 'ann stopped caps']);
    const second = await history.auditRecords({ ...ALL, limit: 2, ...(first.next && { before: first.next }) });
    assert.deepEqual([second.records.map(line), second.next], [[' created caps'], undefined]);
  });

  promise('what is known of objects is told by cluster and namespace, without those that went', async (open) => {
    const history = open();
    await tell(history, seen(3, {}), seen(1, {}, { uid: 'u2', namespace: 'search' }), seen(1, {}, { uid: 'u3' }));
    await history.audit({ cluster: 'other', facts: [seen(1, {}, { uid: 'u4' })] });
    await tell(history, { ...gone, uid: 'u3' });
    const { known, next } = await history.auditKnown({ cluster: CLUSTER });
    assert.deepEqual(
      known.map(({ uid, generation }) => [uid, generation]),
      [
        ['u1', 3],
        ['u2', 1],
      ],
    );
    assert.equal(next, undefined);
    const search = await history.auditKnown({ cluster: CLUSTER, namespace: 'search' });
    assert.deepEqual(
      search.known.map(({ uid }) => uid),
      ['u2'],
    );
    assert.deepEqual((await history.auditKnown({ cluster: CLUSTER }, 'u1')).known.length, 1);
  });

  promise('a bad fact is counted and skipped, and holds up no other', async (open) => {
    const history = open();
    const bad = [undefined, {}, { ...seen(1, {}), digest: 'x' }, { ...asked(seen(1, {}), 'a\u0000b') }];
    const told = await tell(history, ...(bad as object[]), seen(1, {}));
    assert.deepEqual([told.kept, told.bad], [1, 4]);
    assert.match(told.fault ?? '', /./);
    assert.equal((await recordsOf(history)).length, 1);
  });

  promise('what was decided is one record, whose outcome is that which was told last', async (open) => {
    const history = open();
    const fact = {
      ...{ is: 'decided', id: 'x', ...ABOUT, uid: '', actor: 'system:serviceaccount:a:b', action: 'rerated' },
      ...{ timeMs: NOW, changes: [], outcome: 'begun' },
    };
    await tell(history, fact, { ...fact, outcome: 'going on' });
    await tell(history, { ...fact, outcome: 'done' });
    const [record, ...more] = await recordsOf(history);
    assert.deepEqual([record?.actor, record?.outcome, record?.generation, more.length], [fact.actor, 'done', null, 0]);
  });
}

function actors(promise: Promises): void {
  promise('who asked is known whether that is told before or after what came of it', async (open) => {
    const history = open();
    const [one, two] = [seen(1, { usd: 1 }), seen(2, { usd: 2 })];
    await tell(history, asked(one, 'ann'));
    await tell(history, one, two);
    await tell(history, asked(two, 'ben'), asked(two, 'ben', { timeMs: NOW + 1 }));
    await tell(history, { is: 'admitted', version: deletionOf('u1'), actor: 'cleo', timeMs: gone.timeMs });
    await tell(history, gone);
    assert.deepEqual((await recordsOf(history)).map(line), [
      'cleo deleted caps',
      'ben changed caps',
      'ann created caps',
    ]);
  });

  promise('whose request came to nothing is no actor of what another one made of it', async (open) => {
    const history = open();
    const [mine, yours] = [seen(2, { usd: 2 }), seen(2, { usd: 3 })];
    await tell(history, asked(mine, 'ann'), asked(yours, 'ben'), seen(1, { usd: 1 }), yours);
    assert.deepEqual((await recordsOf(history)).map(line), ['ben changed caps', ' created caps']);
    // Refused by somebody else an hour before; then it went while nobody was asked.
    await tell(history, {
      ...{ is: 'admitted', version: deletionOf('u1'), actor: 'cleo', timeMs: gone.timeMs - 3_600_000 },
    });
    await tell(history, gone);
    assert.deepEqual((await recordsOf(history, { limit: 1 })).map(line), [' deleted caps']);
  });

  promise('a deletion that had to wait is that of whoever asked for it', async (open) => {
    const history = open();
    const askedMs = NOW - DAY_MS;
    await tell(history, seen(1, {}), { ...gone, askedMs });
    await tell(history, { is: 'admitted', version: deletionOf('u1'), actor: 'cleo', timeMs: askedMs + 300 });
    assert.deepEqual((await recordsOf(history, { limit: 1 })).map(line), ['cleo deleted caps']);
  });

  promise('two who asked for the very same are both named, and both find it', async (open) => {
    const history = open();
    const one = seen(1, { usd: 1 });
    await tell(history, one, asked(one, 'ben'), asked(one, 'ann'));
    assert.deepEqual((await recordsOf(history)).map(line), ['ann or ben created caps']);
    for (const actor of ['ann', 'ben']) assert.equal((await recordsOf(history, { actor })).length, 1);
  });
}

function retention(promise: Promises): void {
  promise('records stay as long as they are to, and what is known of objects longer', async (open) => {
    const history = open({ rowDays: 40, userDays: 10, reportDays: 60, auditDays: 20 });
    const [old, young] = [seen(1, { usd: 1 }, { timeMs: NOW - 21 * DAY_MS }), seen(2, { usd: 2 })];
    const failed = { ...asked(seen(9, {}), 'eve'), timeMs: NOW - 3 * DAY_MS };
    await tell(history, old, asked(old, 'ann'), young, asked(young, 'ben'), failed);
    assert.ok((await history.prune(NOW)) >= 3);
    assert.deepEqual((await recordsOf(history)).map(line), ['ben changed caps']);
    await tell(history, seen(3, { usd: 3 }), { ...gone, uid: 'u5', timeMs: NOW - 40 * DAY_MS });
    const [last] = await recordsOf(history, { limit: 1 });
    assert.deepEqual(last?.changes, [{ path: '/spec/usd', from: '2', to: '3' }]);
    assert.equal(await history.prune(NOW), 2, 'the record of what went, and that it did');
    assert.equal(await history.prune(NOW), 0);
  });
}
