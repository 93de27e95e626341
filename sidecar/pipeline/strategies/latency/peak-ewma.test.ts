import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeakEwma } from './peak-ewma.ts';

test('a slow answer counts at once, a fast one little by little', () => {
  const average = new PeakEwma();
  assert.equal(average.look(0), undefined);
  average.observe(200, 0);
  assert.equal(average.ms, 200);
  average.observe(2_000, 100);
  assert.equal(average.ms, 2_000);
  average.observe(200, 200);
  assert.ok((average.ms ?? 0) > 1_900 && (average.ms ?? 0) < 2_000, `${average.ms}`);
});

test('what is known fades with time, and no faster than it is looked at', () => {
  const busy = new PeakEwma();
  busy.observe(1_000, 0);
  for (let now = 100; now <= 10_000; now += 100) busy.look(now);
  assert.ok(Math.abs((busy.ms ?? 0) - 1_000 / Math.E) < 1, `${busy.ms}`);
  const quiet = new PeakEwma();
  quiet.observe(1_000, 0);
  assert.ok((quiet.look(3_600_000) ?? 0) > 900, 'after an hour without a request');
});
