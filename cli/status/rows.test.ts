import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from './render.ts';
import { budgetRow, known, priceBookRow, routeRow, sidecarRows } from './rows.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const accepted = (observedGeneration: number) => ({
  conditions: [
    ...[{ type: 'Accepted', status: 'True' as const, reason: 'Accepted', message: '', observedGeneration }],
  ].map((condition) => ({ ...condition, lastTransitionTime: '' })),
});
const object = (name: string, generation: number, seen = generation) => ({
  metadata: { namespace: 'demo', name, uid: name, generation },
  status: accepted(seen),
});
const ack = { hash: 'h1', nack: null, connected: true, atMs: AT };
const pod = (uid: string, more: object = {}) => ({ metadata: { namespace: 'demo', name: `pod-${uid}`, uid, ...more } });

test('sidecarRows() tells synced, pending, rejected and offline apart, with the reason', () => {
  const acks = {
    version: 1 as const,
    policies: { h1: { chat: 2, openai: 1 }, h0: { chat: 1, openai: 1 } },
    sidecars: {
      synced: ack,
      old: { ...ack, hash: 'h0' },
      fresh: { ...ack, hash: null },
      refuses: { ...ack, hash: 'h0', nack: { hash: 'h1', reason: 'pattern too long' } },
      away: { ...ack, connected: false },
    },
  };
  const objects = known({ route: [object('chat', 2)], provider: [object('openai', 1)] });
  const pods = ['synced', 'old', 'fresh', 'refuses', 'away', 'never'].map((uid) => pod(uid));
  const gone = pod('gone', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  assert.deepEqual(
    sidecarRows([...pods, gone], { acks, objects }).map(({ state, policy, reason }) => [state, policy, reason]),
    [
      ['SYNCED', 'h1', ''],
      ['PENDING', 'h0', 'AIRoute demo/chat: runs generation 1, present is 2'],
      ['PENDING', '', 'runs no policy yet'],
      ['REJECTED', 'h0', 'pattern too long'],
      ['OFFLINE', 'h1', 'not connected since 2026-01-02T03:04:05Z'],
      ['OFFLINE', '', 'never connected to the operator'],
    ],
  );
  assert.deepEqual(
    sidecarRows([pod('synced')], { acks: undefined, objects }).map(({ state }) => state),
    ['UNKNOWN'],
  );
});

test('sidecarRows() waits for a new route of the namespace, and for nothing that is not accepted', () => {
  const acks = { version: 1 as const, policies: { h1: { chat: 1 } }, sidecars: { a: ack } };
  const reasonWith = (...routes: ReturnType<typeof object>[]) =>
    sidecarRows([pod('a')], { acks, objects: known({ route: routes }) })[0]?.reason;
  assert.equal(reasonWith(object('chat', 1), object('new', 1)), 'AIRoute demo/new: runs none of it, present is 1');
  assert.equal(reasonWith(object('chat', 2, 1)), '', 'generation 2 is not accepted, so 1 is the newest there is');
});

test('routeRow() lists the targets of all rules once, and a route that nobody looked at is Unknown', () => {
  const row = routeRow({
    metadata: { namespace: 'demo', name: 'chat' },
    spec: {
      rules: [
        { targets: [{ model: 'openai/a' }], fallbacks: [{ model: 'mock/b' }] },
        { targets: [{ model: 'mock/b' }], variants: [{ target: { model: 'mock/c' } }] },
      ],
    },
  });
  assert.deepEqual([row.ready, row.programmed, row.targets], ['Unknown', '', ['openai/a', 'mock/b', 'mock/c']]);
});

test('statusText() prints aligned tables, limits when wide, and what could not be read', () => {
  const budget = budgetRow({
    metadata: { namespace: 'demo', name: 'team' },
    status: {
      ...{ spent: '1.50 USD', remaining: '3.00 USD', percent: '30%' },
      limits: [
        { name: 'dev', spent: '1.50 USD', granted: '0.50 USD', remaining: '3.00 USD', percent: 30, windowEnd: 'T' },
      ],
    },
  });
  const sidecar = { namespace: 'demo', pod: 'app', state: 'SYNCED' as const, policy: 'a'.repeat(64), reason: '' };
  const data = { version: '2025-12-01-1a2b3c4d5e6f', source: 'built in' };
  const book = priceBookRow({ metadata: { namespace: 'remora', name: 'remora-price-book' }, data }, AT);
  const report = {
    routes: [],
    sidecars: [sidecar],
    targets: [],
    told: 0,
    budgets: [budget],
    priceBooks: [book],
    faults: ['pods cannot be read: no'],
  };

  assert.equal(
    statusText(report, false),
    [
      'No AIRoutes.',
      '',
      'NAMESPACE   POD   STATE    POLICY         REASON',
      'demo        app   SYNCED   aaaaaaaaaaaa   -',
      '',
      'NAMESPACE   AIBUDGET   SPENT      REMAINING   PERCENT',
      'demo        team       1.50 USD   3.00 USD    30%',
      '',
      '× pods cannot be read: no',
      '',
    ].join('\n'),
  );
  assert.match(statusText(report, true), /remora +2025-12-01-1a2b3c4d5e6f +32d +built in\n/);
  assert.match(statusText(report, true), /LIMIT {3,}SPENT[\s\S]*dev {3,}1\.50 USD.*T\n/);
});
