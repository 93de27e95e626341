import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AdaptiveLimit, adapt, boundOf, type LoadSample, noLimit } from './adaptive-limit.ts';

const sample = (nowMs: number, parts: Partial<LoadSample> = {}): LoadSample => ({
  ...{ nowMs, running: 0, waiting: 0, throttled: 0 },
  ...parts,
});

/** After one refusal while `running` were under way. */
const found = (running: number, nowMs = 0): AdaptiveLimit =>
  adapt(noLimit(nowMs), sample(nowMs, { running, throttled: 1 }));

describe('adaptive limit', () => {
  it('bounds nobody before the first refusal, however much is under way', () => {
    let state = noLimit(0);
    for (let second = 0; second < 100; second++) state = adapt(state, sample(second * 1_000, { running: 500 }));
    assert.equal(state.limit, null);
  });

  it('takes three tenths of what was under way, once in a second however many are refused', () => {
    let state = found(20);
    assert.equal(state.limit, 14);
    for (let ms = 10; ms < 1_000; ms += 10) state = adapt(state, sample(ms, { running: 14, throttled: 5 }));
    assert.equal(state.limit, 14);
    state = adapt(state, sample(1_000, { running: 14, throttled: 1 }));
    assert.equal(state.limit, 9);
  });

  it('counts what was under way a moment before, since a refusal is over when it is told', () => {
    const busy = adapt(noLimit(0), sample(990, { running: 20 }));
    assert.equal(adapt(busy, sample(1_010, { running: 0, throttled: 20 })).limit, 14);
  });

  it('gives a little back in each second in which all of it is wanted and nothing refused', () => {
    let state = found(20);
    for (let second = 1; second <= 4; second++)
      state = adapt(state, sample(second * 1_000, { running: 13, waiting: second }));
    assert.equal(state.limit, 17, 'the second of the refusal gives nothing');
    let idle = found(20);
    for (let second = 1; second <= 4; second++) idle = adapt(idle, sample(second * 1_000, { running: 3 }));
    assert.equal(idle.limit, 14);
    let large = found(2_000);
    for (let second = 1; second <= 2; second++) large = adapt(large, sample(second * 1_000, { running: 1_400 }));
    assert.equal(large.limit, 1_442);
  });

  it('is forgotten after ten minutes in which nobody needed all of it', () => {
    const state = found(20);
    assert.equal(adapt(state, sample(599_999, { running: 3 })).limit, 14);
    assert.equal(adapt(state, sample(600_000, { running: 3 })).limit, null);
    const needed = adapt(state, sample(300_000, { running: 14 }));
    assert.equal(adapt(needed, sample(600_000)).limit, 15, 'and has grown, since it was needed');
  });

  it('comes to rest around what a provider takes, and lets most of it through', () => {
    const capacity = 40;
    let state = noLimit(0);
    let passed = 0;
    for (let second = 1; second <= 200; second++) {
      const running = state.limit ?? 100;
      state = adapt(
        state,
        sample(second * 1_000, { running, waiting: 100, throttled: Math.max(0, running - capacity) }),
      );
      if (second > 20) passed += Math.min(running, capacity);
    }
    assert.ok(passed / 180 > 0.8 * capacity, `${passed / 180}`);
  });

  it('is never below one, and never grows by more than it may, whatever is told', () => {
    const told = fc.record({
      afterMs: fc.nat(3_000),
      running: fc.nat(1_000),
      waiting: fc.nat(1_000),
      throttled: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(told, { maxLength: 60 }), (all) => {
        let state = noLimit(0);
        let nowMs = 0;
        for (const { afterMs, ...counts } of all) {
          nowMs += afterMs;
          const next = adapt(state, { nowMs, ...counts });
          if (next.limit !== null) {
            assert.ok(Number.isInteger(next.limit) && next.limit >= 1);
            if (state.limit !== null) assert.ok(next.limit <= state.limit + Math.max(1, state.limit * 0.03));
          }
          state = next;
        }
      }),
    );
  });
});

describe('the bound that holds', () => {
  it('is the lesser of what was found and what is stated, and none where nothing says so', () => {
    assert.equal(boundOf(null, null), null);
    assert.equal(boundOf(null, 50), 50);
    assert.equal(boundOf(70, 50), 50);
    assert.equal(boundOf(70, null), 70);
  });
});
