/**
 * One of two providers fails, in each way there is, and no client sees it: of many requests, 30 % of them streams, none fails, and a
 * failing target is not hammered.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FREE_RETRIES_PER_SECOND } from '#sidecar/pipeline/attempts/retry-budget';
import { countOf } from '#test/support/counts';
import { selfSigned } from '#test/support/self-signed';
import { askMany, retriesIn, startPair } from './fault-run.ts';
import { faultRows } from './faults.ts';

const REQUESTS = countOf('requestsPerFault');
/** Retries over requests, where the turn to another target is none; the free ones of the retry budget come on top. */
const MOST_RETRIED = 0.2;

for (const row of faultRows(await selfSigned()))
  test(`no request fails while one provider ${row.name} and another one is sound`, async (t) => {
    const { running } = await startPair(t, row);
    const startMs = performance.now();
    const { failures } = await askMany(running, REQUESTS);
    assert.deepEqual(failures, []);
    assert.deepEqual(running.faults, []);
    const free = Math.ceil((performance.now() - startMs) / 1_000) * FREE_RETRIES_PER_SECOND;
    const retries = retriesIn(running);
    assert.ok(retries <= REQUESTS * MOST_RETRIED + free, `${retries} retries of ${REQUESTS} requests`);
    if (row.isHarmless) assert.ok(running.records.every(({ attempts }) => attempts.length === 1));
    else
      assert.ok(
        running.records.some(({ attempts }) => attempts[0]?.outcome !== 'ok'),
        'the fault was met',
      );
  });
