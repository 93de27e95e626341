import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Samples, spread } from './samples.ts';

test('spread() takes the middle of the sorted values, not of the order in which they came', () => {
  assert.deepEqual(spread([30, 10, 20]), { median: 20, min: 10, max: 30 });
  assert.deepEqual(spread([40, 10, 20, 30]), { median: 25, min: 10, max: 40 });
  assert.deepEqual(spread([7]), { median: 7, min: 7, max: 7 });
});

test('spread() has as many values below its median as above, for any values', () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, (of) => {
      const { median, min, max } = spread(of);
      assert.ok(min <= median && median <= max);
      assert.ok(of.filter((value) => value < median).length <= of.length / 2);
      assert.ok(of.filter((value) => value > median).length <= of.length / 2);
    }),
    { seed: 1 },
  );
});

test('ratio() compares within a round, so that a slow round does not count against anybody', () => {
  const samples = new Samples();
  for (const disturbance of [1, 10, 3]) {
    samples.add('cpuBusyUs', 'bare', 40 * disturbance);
    samples.add('cpuBusyUs', 'remora passthrough', 50 * disturbance);
  }
  assert.deepEqual(samples.ratio('cpuBusyUs', 'remora passthrough', 'bare'), { median: 1.25, min: 1.25, max: 1.25 });
});

test('what was not measured has neither a spread nor a ratio', () => {
  const samples = new Samples();
  samples.add('readyMs', 'bare', 100);
  assert.equal(samples.spread('readyMs', 'direct'), undefined);
  assert.equal(samples.ratio('readyMs', 'remora passthrough', 'bare'), undefined);
  assert.equal(samples.ratio('readyMs', 'bare', 'direct'), undefined);
});
