import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyVariant } from '#contract/policy/policy';
import { NO_COUNTS } from '#contract/policy/variant-counts';
import { NO_USAGE } from '#sidecar/canonical/usage';
import type { CompiledVariant, Experiment } from '#sidecar/pipeline/policy/snapshot';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { buildTarget } from '#test/support/build-policy';
import { type RolledBack, VariantBoard } from './variant-board.ts';

const TRIAL = 'mock/trial';

function experiment(parts: Partial<PolicyVariant> = {}): Experiment {
  const target = buildTarget('shop', TRIAL);
  const policy: PolicyVariant = { name: 'trial', percent: 50, mode: 'Live', target, ...parts };
  const compiled = { policy, target: { policy: target } as CompiledVariant['target'] };
  const { state: _, ...stated } = parts;
  return { id: JSON.stringify(stated), route: 'shop/chat', salt: 'shop/chat\ntrial', variants: [compiled] };
}

function boardOf(own: Experiment, onRolledBack: (told: RolledBack) => void = () => {}): VariantBoard {
  const board = new VariantBoard(onRolledBack);
  board.stated([own]);
  return board;
}

const attempt = (target: string, outcome: string, timeToFirstChunkMs?: number): RequestRecord['attempts'][number] => ({
  ...{ target, outcome, providerName: 'mock', requestModel: 'm', serverAddress: '', serverPort: 0 },
  ...{ startUnixMs: 0, durationMs: 1, costNanoUsd: null, estimated: false },
  ...(timeToFirstChunkMs !== undefined && { timeToFirstChunkMs }),
});

const request = (parts: Partial<RequestRecord>): RequestRecord => ({
  ...{ requestId: 'r', dialect: 'openai-chat', operation: 'chat', stream: false, status: 200, outcome: 'ok' },
  ...{ attempts: [], usage: NO_USAGE, costNanoUsd: 0n, guardrailActions: [], startUnixMs: 0, durationMs: 1 },
  ...{ retries: 0, retriesDenied: [], clientRetry: 0 },
  ...parts,
});

const ok = (ms: number, parts: Partial<RequestRecord> = {}): RequestRecord =>
  request({ variant: 'trial', attempts: [attempt(TRIAL, 'ok', ms)], ...parts });
const failed = (): RequestRecord =>
  request({ variant: 'trial', attempts: [attempt(TRIAL, 'overloaded'), attempt('mock/a', 'ok', 5_000)] });

test('what stands side by side is each arm by itself: requests, errors, mean cost and times to the first content', () => {
  const own = experiment();
  const board = boardOf(own);
  for (let ms = 1; ms <= 100; ms += 1) board.observe(own, ok(ms, { costNanoUsd: 2_000_000n }));
  board.observe(own, failed());
  board.observe(own, request({ attempts: [attempt('mock/a', 'ok', 7)], costNanoUsd: null }));
  board.observe(own, request({ variant: 'trial', shadow: true, outcome: 'overloaded' }));
  const [ordinary, trial] = board.rows();
  assert.deepEqual(ordinary, {
    ...{ route: 'shop/chat', variant: null, mode: null, requests: 1, errors: 0, skipped: 0, meanCostUsd: null },
    ...{ firstTokenMs: { p50: 7, p95: 7 }, feedback: null, rolledBack: false, promoted: false },
  });
  assert.deepEqual([trial?.requests, trial?.errors, trial?.skipped], [101, 1, 1]);
  assert.equal(trial?.meanCostUsd, '0.001980198');
  assert.deepEqual(trial?.firstTokenMs, { p50: 50, p95: 95 });
});

test('a retry that helped and a stream that a limit cut are no errors, a stream that broke is one, and a client that left is neither', () => {
  const own = experiment();
  const board = boardOf(own);
  const attempts = [attempt(TRIAL, 'server-error'), attempt(TRIAL, 'ok', 3)];
  board.observe(own, request({ variant: 'trial', attempts }));
  board.observe(own, request({ variant: 'trial', attempts: [attempt(TRIAL, 'reset', 3)] }));
  board.observe(own, request({ variant: 'trial', attempts: [attempt(TRIAL, 'aborted')], outcome: 'client_closed' }));
  board.observe(
    own,
    request({ variant: 'trial', attempts: [attempt(TRIAL, 'cut_by_budget', 3)], outcome: 'budget_exceeded' }),
  );
  const trial = board.rows().find(({ variant }) => variant === 'trial');
  assert.deepEqual([trial?.requests, trial?.errors], [4, 1]);
});

test('a variant is rolled back by the newest requests, told once, and gets its share back when it is stated anew', () => {
  const told: RolledBack[] = [];
  const rollback = { errorPercent: 50, minRequests: 4 };
  const own = experiment({ rollback });
  const board = boardOf(own, (rolledBack) => told.push(rolledBack));
  const isRolledBack = (of: Experiment): boolean => of.variants.some((variant) => board.isRolledBack(of, variant));
  for (let count = 0; count < 1_000; count += 1) board.observe(own, ok(1));
  board.observe(own, failed());
  assert.equal(isRolledBack(own), false);
  board.observe(own, failed());
  assert.equal(isRolledBack(own), true);
  board.observe(own, failed());
  assert.deepEqual(told, [{ route: 'shop/chat', variant: 'trial', errors: 2, of: 4 }]);
  const same = experiment({ rollback });
  board.stated([same]);
  assert.equal(isRolledBack(same), true, 'another policy that says the same changes nothing');
  const other = experiment({ rollback, percent: 10 });
  board.stated([other]);
  assert.equal(isRolledBack(other), false);
});

test('what a policy states is there from the start, and what it does not state any more is gone', () => {
  const own = experiment();
  const board = boardOf(own);
  assert.deepEqual(
    board.rows().map(({ variant, requests }) => [variant, requests]),
    [
      [null, 0],
      ['trial', 0],
    ],
  );
  board.stated([]);
  // Requests that began before go by the earlier policy.
  assert.ok(board.observe(own, ok(1)));
  assert.deepEqual(board.rows(), []);
});

test('rules with variants of the same names are counted each by itself where they state others', () => {
  const board = new VariantBoard(() => {});
  const rules = [experiment({ percent: 10 }), experiment({ percent: 20 })];
  board.stated(rules);
  for (const [count, rule] of rules.entries()) for (let left = count; left >= 0; left -= 1) board.observe(rule, ok(1));
  board.stated(rules);
  assert.deepEqual(
    board.rows().map(({ requests }) => requests),
    [0, 1, 0, 2],
  );
});

test('too few requests are not judged', () => {
  const own = experiment({ rollback: { errorPercent: 1, minRequests: 3 } });
  const board = boardOf(own, () => assert.fail('rolled back'));
  for (let count = 0; count < 2; count += 1) board.observe(own, failed());
  assert.equal(board.rows().at(-1)?.rolledBack, false);
});

test('what is told to the operator are counts since the experiment began, of requests that came to an end', () => {
  const own = experiment();
  const board = boardOf(own);
  const usage = { ...NO_USAGE, inputTokens: 10, outputTokens: 5 };
  board.observe(own, ok(100, { costNanoUsd: 7n, usage }))?.rated(1);
  board.observe(own, ok(100, { costNanoUsd: null, usage }))?.rated(0.25);
  board.observe(own, request({ variant: 'trial', attempts: [attempt(TRIAL, 'aborted')], outcome: 'client_closed' }));
  board.observe(own, failed());
  const [measured] = board.measured();
  assert.deepEqual(
    [...(measured?.counts ?? [])],
    [
      ['', NO_COUNTS],
      [
        'trial',
        {
          ...{ requests: 3, errors: 1, priced: 3, costNanoUsd: 7n, tokens: 30, ratings: 2, ratingMilli: 1_250 },
          firstToken: new Map([[27, 2]]),
        },
      ],
    ],
  );
  board.stated([]);
  board.stated([own]);
  assert.notEqual(board.measured()[0]?.run, measured?.run, 'another run of the same experiment is told apart');
});

test('what the fleet decided holds in each pod, and changes nothing of what was counted', () => {
  const own = experiment();
  const board = boardOf(own);
  board.observe(own, ok(1));
  for (const state of ['Promoted', 'RolledBack'] as const) {
    const decided = experiment({ state });
    board.stated([decided]);
    const [variant] = decided.variants;
    assert.ok(variant);
    assert.equal(board.isRolledBack(decided, variant), state === 'RolledBack');
    const row = board.rows().at(-1);
    assert.deepEqual(
      [row?.requests, row?.promoted, row?.rolledBack],
      [1, state === 'Promoted', state === 'RolledBack'],
    );
  }
});
