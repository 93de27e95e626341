/** What limits count: each unit is reserved, settled, given back and told in its own words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { BUDGET_UNITS } from '#contract/resources/limit-names';
import type { AttemptOutcome } from '#sidecar/budget/budget-gate';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { bench, refusalOf } from './bench.ts';
import { attemptOf, billed, budgetOf, NOTHING, TARGET, UNKNOWN } from './budgets.ts';

/** 300 tokens in and 50 out at most. */
const ASKED = { inputTokensAtMost: 300 };
const OUTPUT = 50;
const usage = { ...NO_USAGE, inputTokens: 100, cacheReadTokens: 20, outputTokens: 7, reasoningTokens: 3 };
const REPORTED: AttemptOutcome = { usage, billing: 'reported' };
const REFUSED: AttemptOutcome = { ...NOTHING, wasRefused: true };

/** At most, and after each outcome. */
const USES: Record<PolicyBudget['unit'], Record<'most' | 'reported' | 'unknown' | 'refused' | 'unsent', bigint>> = {
  // Cached input costs a tenth.
  nanoUsd: { most: 350n, reported: 112n, unknown: 350n, refused: 0n, unsent: 0n },
  tokens: { most: 350n, reported: 130n, unknown: 350n, refused: 0n, unsent: 0n },
  inputTokens: { most: 300n, reported: 120n, unknown: 300n, refused: 0n, unsent: 0n },
  outputTokens: { most: 50n, reported: 10n, unknown: 50n, refused: 0n, unsent: 0n },
  requests: { most: 1n, reported: 1n, unknown: 1n, refused: 1n, unsent: 0n },
};

for (const unit of BUDGET_UNITS)
  test(`${unit}: what an attempt may use is reserved, and what it did use is settled`, async () => {
    const outcomes = { reported: REPORTED, unknown: UNKNOWN, refused: REFUSED, unsent: NOTHING };
    const { most, ...settled } = USES[unit];
    for (const [outcome, used] of Object.entries(settled)) {
      const { gateOf, treasury } = bench();
      const budget = budgetOf('dev', most, { unit });
      const gate = gateOf('pod');
      const reservation = await gate.reserve(attemptOf([budget], OUTPUT, ASKED));
      assert.equal(gate.usage()[0]?.reserved, most);
      reservation.settle(outcomes[outcome as keyof typeof outcomes]);
      await gate.close();
      assert.equal((await treasury.status(budget)).spent, used, outcome);
    }
    const { gateOf } = bench();
    await refusalOf(gateOf('pod').reserve(attemptOf([budgetOf('dev', most - 1n, { unit })], OUTPUT, ASKED)));
  });

test('a refusal says how much in the unit of the limit, what to do about it, and by its code whether it is a rate', async () => {
  const cases: [PolicyBudget['unit'], string, string][] = [
    ['requests', 'rate_limit_exceeded', 'up to 1 request, while 0 requests of 1 request remain'],
    ['inputTokens', 'rate_limit_exceeded', 'up to 300 input tokens, while 299 input tokens of 299 input tokens remain'],
    [
      'outputTokens',
      'rate_limit_exceeded',
      'up to 50 output tokens, while 49 output tokens of 49 output tokens remain',
    ],
    ['tokens', 'rate_limit_exceeded', 'up to 350 tokens, while 349 tokens of 349 tokens remain'],
    ['nanoUsd', 'budget_exceeded', 'up to $0.00000035, while $0.000000349 of $0.000000349 remain'],
  ];
  for (const [unit, code, text] of cases) {
    const gate = bench().gateOf('pod');
    const { most } = USES[unit];
    const budget = budgetOf('dev', unit === 'requests' ? 1n : most - 1n, { unit });
    if (unit === 'requests') await gate.reserve(attemptOf([budget], 1));
    const error = await refusalOf(gate.reserve(attemptOf([budget], OUTPUT, ASKED)));
    assert.deepEqual([error.code, error.status], [code, 429]);
    assert.ok(error.message.includes(text), error.message);
    assert.equal(error.message.includes('ask for fewer output tokens'), unit !== 'requests' && unit !== 'inputTokens');
  }
});

test('limits of several units over one request are reserved together or not at all', async () => {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  const limits = [
    budgetOf('usd', 1_000n),
    budgetOf('in', 1_000n, { unit: 'inputTokens' }),
    budgetOf('calls', 2n, { unit: 'requests' }),
  ];
  for (let n = 0; n < 2; n++) (await gate.reserve(attemptOf(limits, OUTPUT, ASKED))).settle(REPORTED);
  const error = await refusalOf(gate.reserve(attemptOf(limits, OUTPUT, ASKED)));
  assert.equal(error.details.object, 'AIBudget remora-system/environments limit calls');
  await gate.close();
  const spent = await Promise.all(limits.map(async (limit) => (await treasury.status(limit)).spent));
  assert.deepEqual(spent, [224n, 240n, 2n]);
});

test('without a price requests and tokens are limited all the same', async () => {
  const gate = bench().gateOf('pod');
  const target = { ...TARGET, price: null };
  const limits = BUDGET_UNITS.filter((unit) => unit !== 'nanoUsd').map((unit) => budgetOf(unit, 1_000n, { unit }));
  (await gate.reserve(attemptOf(limits, OUTPUT, { ...ASKED, target }))).settle(billed(1));
});
