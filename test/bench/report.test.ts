import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Circumstances, page, promises, report, verdict } from './report.ts';
import { Samples } from './samples.ts';

const CIRCUMSTANCES: Circumstances = {
  cpu: 'A Processor',
  cores: 2,
  node: '24.0.0',
  loadBefore: 0.25,
  loadAfter: 2,
  pinned: true,
  rounds: 2,
  starts: 1,
  seconds: 2,
  date: '2026-01-02',
};

function measured(passthroughUs: number): Samples {
  const samples = new Samples();
  for (const us of [40, 44]) samples.add('cpuBusyUs', 'bare', us);
  for (const us of [passthroughUs, passthroughUs * 1.1]) samples.add('cpuBusyUs', 'remora passthrough', us);
  samples.add('idleMib', 'remora passthrough', 81.2);
  samples.add('readyMs', 'remora passthrough', 400);
  return samples;
}

/** Of what measured() measures, by its first words. */
const verdicts = (samples: Samples): string[] =>
  promises(samples)
    .filter(({ what }) => /^(CPU per plain|resident|ready)/.test(what))
    .map(verdict);

test('a promise is met at its limit and not above it, and is said to be open where nothing was measured', () => {
  assert.deepEqual(verdicts(measured(36)), ['met', 'not measured', 'not met', 'met']);
  assert.deepEqual(verdicts(measured(36.1)), ['not met', 'not measured', 'not met', 'met']);
});

test('chunks and large bodies are judged by what was promised of them, each lane by itself', () => {
  const samples = new Samples();
  samples.add('cpuPerChunkUs', 'remora passthrough', 40);
  samples.add('cpuPerChunkUs', 'remora to Anthropic', 61);
  samples.add('chunkP99Us', 'remora passthrough', 1_000);
  samples.add('chunkP99Us', 'remora to Anthropic', 1_001);
  samples.add('cpuMegabyteMs', 'bare', 5);
  samples.add('cpuMegabyteMs', 'remora passthrough', 10);
  samples.add('cpuMegabyteMs', 'remora to Anthropic', 10.1);
  samples.add('standstillMs', 'remora guarded', 20.1);
  samples.add('standstillMs', 'remora translated', 20);
  const judged = promises(samples).filter((one) => verdict(one) !== 'not measured');
  assert.deepEqual(
    judged.map((one) => [one.limit, verdict(one)]),
    [
      [40, 'met'],
      [60, 'not met'],
      [1_000, 'met'],
      [1_000, 'not met'],
      [2, 'met'],
      [2, 'not met'],
      [20, 'met'],
      [20, 'not met'],
    ],
  );
});

test('the report shows every figure with its range and its ratio to the bare proxy', () => {
  const text = report(measured(60), CIRCUMSTANCES);
  const row = text.split('\n').find((line) => /CPU per request, 16.*remora passthrough/.test(line)) ?? '';
  const cells = row.split('|').map((cell) => cell.trim());
  assert.deepEqual(cells.slice(2, 6), ['remora passthrough', '63.0', '60.0–66.0', '1.50 (1.50–1.50)']);
  assert.match(text, /A Processor, 2 cores, Node 24\.0\.0\. Load average 0\.3 before, 2\.0 after/);
});

test('the rows of a table are as wide as its head', () => {
  const tables = page(measured(60), CIRCUMSTANCES)
    .split('\n\n')
    .filter((block) => block.startsWith('|'));
  assert.equal(tables.length, 2);
  for (const table of tables)
    assert.equal(
      new Set(
        table
          .trimEnd()
          .split('\n')
          .map((line) => line.length),
      ).size,
      1,
    );
});

test('the page says how the figures came about, also where nothing was pinned', () => {
  const text = page(measured(60), { ...CIRCUMSTANCES, pinned: false });
  assert.match(text, /^# Benchmark\n/);
  assert.match(text, /Measured 2026-01-02/);
  assert.match(text, /Not pinned/);
});
