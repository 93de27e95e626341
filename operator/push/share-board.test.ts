import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_COUNTS, type PriorityCounts, type ShareDemand } from '#contract/policy/share-demand';
import { providerShareKey } from '#contract/policy/share-key';
import { SHARES_TTL_MS, ShareBoard, type ShareKeys } from './share-board.ts';

const KEY = providerShareKey('ai/open');
const bounded = (limit: number | null): ShareKeys => new Map([[KEY, limit]]);

const demandOf = (parts: Partial<ShareDemand>): ShareDemand => ({
  ...{ key: KEY, running: NO_COUNTS, waiting: NO_COUNTS, throttled: 0, units: 0 },
  ...parts,
});

const low = (count: number): PriorityCounts => ({ ...NO_COUNTS, Low: count });
const high = (count: number): PriorityCounts => ({ ...NO_COUNTS, High: count });

/** A board and what a pod was told last. */
function boardOf(limit: number | null, ...pods: readonly string[]) {
  const board = new ShareBoard();
  for (const pod of pods) {
    board.join(pod, bounded(limit), 0);
    board.report(pod, { version: 0, demands: [] });
  }
  const unitsOf = (pod: string): number | undefined => board.toldTo(pod)?.shares.find(({ key }) => key === KEY)?.units;
  /** What the pod says, having applied all that it was told. */
  const say = (pod: string, parts: Partial<ShareDemand>): void =>
    board.report(pod, { version: board.toldTo(pod)?.revision ?? 0, demands: [demandOf(parts)] });
  return { board, unitsOf, say };
}

describe('the board of shares', () => {
  it('tells each pod its part before it asks, once it has said what it has', () => {
    const { board, unitsOf } = boardOf(10, 'a', 'b');
    board.join('old', bounded(10), 0);
    assert.deepEqual(board.round(0).sort(), ['a', 'b']);
    assert.deepEqual([unitsOf('a'), unitsOf('b'), board.toldTo('old')], [5, 5, null]);
    assert.deepEqual(board.round(250), [], 'nothing changed');
  });

  it('gives away only what a pod confirms to have given up', () => {
    const { board, unitsOf, say } = boardOf(10, 'a', 'b');
    board.round(0);
    say('a', { running: low(5) });
    say('b', { running: low(0), waiting: high(9) });
    board.round(250);
    assert.deepEqual([unitsOf('a'), unitsOf('b')], [1, 5]);
    board.report('a', { version: 0, demands: [demandOf({ running: low(1) })] });
    board.round(500);
    assert.equal(unitsOf('b'), 5, 'said before it heard');
    say('a', { running: low(4) });
    board.round(750);
    assert.equal(unitsOf('b'), 6);
    say('a', { running: low(1) });
    board.round(1_000);
    assert.equal(unitsOf('b'), 9);
  });

  it('hears of no key that the policy of the pod does not name', () => {
    const { board } = boardOf(null, 'a');
    board.report('a', { version: 0, demands: [demandOf({ key: 'route:bank/chat', running: high(1), throttled: 1 })] });
    board.round(0);
    assert.deepEqual(board.counts(), []);
    assert.deepEqual(board.toldTo('a')?.shares, []);
  });

  it('bounds nobody until a provider refuses, then all together by what was under way, and forgets it when nobody needs it', () => {
    const { board, unitsOf, say } = boardOf(null, 'a', 'b');
    say('a', { running: low(12) });
    say('b', { running: low(8) });
    board.round(0);
    assert.equal(unitsOf('a'), undefined);
    say('a', { running: low(12), waiting: low(9), throttled: 3 });
    say('b', { running: low(8), waiting: low(9) });
    board.round(250);
    assert.deepEqual(
      board.counts().map(({ limit }) => limit),
      [14],
    );
    assert.deepEqual([unitsOf('a'), unitsOf('b')], [7, 7]);
    for (const pod of ['a', 'b']) say(pod, {});
    board.round(500);
    assert.ok(board.isMoving, 'time alone will end it');
    board.round(700_000);
    assert.deepEqual([board.toldTo('a')?.shares, board.toldTo('b')?.shares], [[], []]);
  });

  it('keeps what a pod had that is not heard any more for half a minute, unless there is no such pod', () => {
    for (const isGone of [false, true]) {
      const { board, unitsOf, say } = boardOf(4, 'a', 'b');
      board.round(0);
      say('b', { running: high(2), waiting: high(5) });
      board.round(250);
      assert.equal(unitsOf('b'), 2);
      board.leave('a', 300);
      if (isGone) board.gone('a');
      board.round(500);
      assert.equal(unitsOf('b'), isGone ? 4 : 2);
      board.round(300 + SHARES_TTL_MS);
      assert.equal(unitsOf('b'), 4);
    }
  });

  it('takes a pod that comes back for what it says to have, be it nothing', () => {
    const { board, unitsOf, say } = boardOf(4, 'a', 'b');
    board.round(0);
    say('b', { running: high(2), waiting: high(5) });
    board.join('a', bounded(4), 300);
    board.round(500);
    assert.equal(unitsOf('b'), 2, 'it has not said yet what it has');
    board.report('a', { version: 0, demands: [demandOf({ units: 1 })] });
    board.round(750);
    assert.deepEqual([unitsOf('a'), unitsOf('b')], [0, 3], 'one unit is in force there until it confirms');
    say('a', {});
    board.round(1_000);
    assert.equal(unitsOf('b'), 4);
  });

  it('counts units that a pod of another replica brings along', () => {
    const { board, unitsOf } = boardOf(10, 'a');
    board.round(0);
    assert.equal(unitsOf('a'), 10);
    board.join('b', bounded(10), 100);
    board.report('b', { version: 0, demands: [demandOf({ units: 3, running: high(3), waiting: high(2) })] });
    board.round(250);
    assert.equal(unitsOf('b'), 3);
    assert.ok((unitsOf('a') ?? 0) <= 7);
  });

  it('counts what a pod has of a key that its policy names only after its first report', () => {
    const { board, unitsOf, say } = boardOf(10, 'a');
    board.round(0);
    board.join('b', undefined, 100);
    board.report('b', { version: 0, demands: [demandOf({ units: 4, running: low(4) })] });
    board.round(250);
    board.scope('b', bounded(10));
    board.report('b', { version: 0, demands: [demandOf({ units: 4, running: low(4) })] });
    board.round(500);
    assert.equal(unitsOf('b'), 4);
    say('a', {});
    board.round(750);
    assert.equal((unitsOf('a') ?? 0) + (unitsOf('b') ?? 0), 10);
  });
});
