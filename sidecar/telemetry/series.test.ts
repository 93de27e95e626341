import assert from 'node:assert/strict';
import { test } from 'node:test';
import Registry from '@prometheus-io/client/lib/registry.js';
import { Count, Distribution, Dollars, Metric } from './series.ts';

test('a histogram tells each bound how many values it did not miss, and everything by +Inf, sum and count', async () => {
  const registry = new Registry();
  const seconds = new Metric({ name: 'seconds', help: 'Seconds.' }, 'histogram', () => new Distribution([0.1, 1]));
  registry.registerMetric(seconds);
  for (const value of [0.1, 0.5, 7]) seconds.of({ route: 'a "b"' }).observe(value);
  assert.deepEqual((await registry.metrics()).trim().split('\n'), [
    '# HELP seconds Seconds.',
    '# TYPE seconds histogram',
    'seconds_bucket{le="0.1",route="a \\"b\\""} 1',
    'seconds_bucket{le="1",route="a \\"b\\""} 2',
    'seconds_bucket{le="+Inf",route="a \\"b\\""} 3',
    'seconds_sum{route="a \\"b\\""} 7.6',
    'seconds_count{route="a \\"b\\""} 3',
  ]);
});

test('a series is one for the same labels, and is told from its first count on, be it zero', async () => {
  const spent = new Metric({ name: 'spent', help: 'Spent.' }, 'counter', () => new Count());
  spent.of({ target: 'untouched' });
  spent.of({ target: 'free' }).add(0);
  spent.of({ target: 'paid' }).add(2);
  spent.of({ target: 'paid' }).add(3);
  assert.deepEqual((await spent.get()).values, [
    { labels: { target: 'free' }, value: 0 },
    { labels: { target: 'paid' }, value: 5 },
  ]);
});

test('dollars are summed as integers and told to the last nano-dollar', async () => {
  const registry = new Registry();
  const cost = new Metric({ name: 'cost', help: 'Cost.' }, 'counter', () => new Dollars());
  registry.registerMetric(cost);
  cost.of({ target: 'untouched' });
  cost.of({ target: 'free' }).add(0n);
  for (let attempt = 0; attempt < 501; attempt += 1) cost.of({ target: 'cheap' }).add(180_000n);
  cost.of({ target: 'dear' }).add(999_999_999_999_998n);
  cost.of({ target: 'dear' }).add(1n);
  assert.deepEqual((await registry.metrics()).trim().split('\n').slice(2), [
    'cost{target="free"} 0',
    'cost{target="cheap"} 0.09018',
    'cost{target="dear"} 999999.999999999',
  ]);
});
