/** Limits in dollars over requests that let the provider run its own tools: real gates, one treasury. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isExceeded } from '#sidecar/budget/refusal';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { buildTarget } from '#test/support/build-policy';
import { bench } from './bench.ts';
import { attemptOf, budgetOf } from './budgets.ts';

const WINDOW = 1_000;
const TARGET = buildTarget('shop', 'p/m', {
  price: { inputPico: '1000', cachedInputPico: '1000', outputPico: '1000', webSearchPico: '10000000' },
  contextTokens: WINDOW,
});

interface Use {
  readonly most: number;
  /** Of all that the maxima allow, in thousandths. */
  readonly share: number;
}

const asked = ({ most }: Use) => ({ target: TARGET, tools: { calls: { webSearch: most }, rounds: most + 1 } });

/** What a provider that keeps to the maxima reports. */
const used = ({ most, share }: Use) => ({
  ...NO_USAGE,
  inputTokens: Math.floor((WINDOW * (most + 1) * share) / 1_000),
  outputTokens: Math.floor((50 * share) / 1_000),
  ...(most > 0 && { toolCalls: { webSearch: Math.floor((most * share) / 1_000) } }),
});

test('over several pods a cap in dollars is never passed by what tools cost, whatever they do within their maxima', async () => {
  const use = fc.record({ most: fc.nat(6), share: fc.nat(1_000), pod: fc.nat(2) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(use, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 200_000 }),
      async (uses, cap) => {
        const { gateOf, treasury, overruns } = bench();
        const gates = [0, 1, 2].map((pod) => gateOf(`pod-${pod}`));
        const limit = budgetOf('cap', BigInt(cap), { unit: 'nanoUsd' });
        let cost = 0n;
        await Promise.all(
          uses.map(async ({ pod, ...each }) => {
            const reserving = gates[pod]?.reserve(attemptOf([limit], 50, asked(each)));
            const reservation = await reserving?.catch((error: unknown) => assert.ok(isExceeded(error), String(error)));
            const settled = reservation?.settle({ usage: used(each), billing: 'reported' });
            cost += settled?.costNanoUsd ?? 0n;
          }),
        );
        for (const gate of gates) await gate.close();
        const { spent } = await treasury.status(limit);
        assert.deepEqual([spent, overruns], [cost, []]);
        assert.ok(spent <= BigInt(cap), `${spent} of ${cap}`);
        await treasury.close();
      },
    ),
    { seed: 20_261_122, numRuns: 40 },
  );
});

test('a soft limit lets through what nothing bounds, and counts all of it that has a price', async () => {
  const { gateOf, treasury, overruns } = bench();
  const gate = gateOf('pod');
  const limit = budgetOf('soft', 1_000n, { unit: 'nanoUsd', soft: true });
  const endless = { target: TARGET, tools: { calls: { webSearch: null }, rounds: null } };
  const reservation = await gate.reserve(attemptOf([limit], 50, endless));
  const usage = { ...NO_USAGE, inputTokens: 9_000, outputTokens: 50, toolCalls: { webSearch: 3 } };
  const { costNanoUsd } = reservation.settle({ usage, billing: 'reported' });
  await gate.close();
  assert.equal(costNanoUsd, 39_050n);
  assert.equal((await treasury.status(limit)).spent, 39_050n);
  assert.deepEqual(overruns, []);
});
