/** What an attempt may use of each unit that a limit can count, and what it did use: a row per unit. */
import { least } from '#contract/policy/money';
import type { BudgetUnit } from '#contract/resources/limit-names';
import { NO_USAGE, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import type { AttemptEstimate, AttemptOutcome } from './budget-gate.ts';
import { tokens, tokensAtMost, tokensOf } from './price.ts';
import { boundOf, costIn, isCostUnknown, isUnknown, tightened, tokensBoundOf } from './settlement.ts';

interface UnitUse {
  /** At most; null: nobody knows, since the price of the target is unknown. */
  readonly atMost: (attempt: AttemptEstimate) => bigint | null;
  /** What of it is known all the same; absent: nothing. */
  readonly known?: (attempt: AttemptEstimate) => bigint | null;
  /** null: nobody knows, so that all that was reserved counts. */
  readonly used: (attempt: AttemptEstimate, outcome: AttemptOutcome) => bigint | null;
  /** A provider must be held to a maximum of output tokens for it. */
  readonly countsOutput: boolean;
}

const counting =
  (of: (usage: Usage) => bigint): UnitUse['used'] =>
  (_attempt, outcome) => {
    if (isUnknown(outcome)) return null;
    return outcome.billing === 'nothing' ? 0n : of(outcome.usage ?? NO_USAGE);
  };

function costUsed(attempt: AttemptEstimate, outcome: AttemptOutcome): bigint | null {
  const { price } = attempt.target;
  if (isCostUnknown(attempt, outcome)) return null;
  if (outcome.billing === 'nothing') return 0n;
  return price === null ? null : costIn(attempt, price, outcome.usage);
}

/** Providers count what reaches them, whatever they answer. */
const requestsSent: UnitUse['used'] = (_attempt, { billing, wasRefused }) =>
  billing === 'nothing' && !wasRefused ? 0n : 1n;

export const UNIT_USE: Readonly<Record<BudgetUnit, UnitUse>> = {
  nanoUsd: { atMost: boundOf, known: tokensBoundOf, used: costUsed, countsOutput: true },
  tokens: { atMost: tokensAtMost, used: counting(tokensOf), countsOutput: true },
  inputTokens: {
    atMost: ({ inputTokensAtMost }) => tokens(inputTokensAtMost),
    used: counting((usage) => tokens(totalInputTokens(usage))),
    countsOutput: false,
  },
  outputTokens: {
    atMost: ({ outputTokensAtMost }) => tokens(outputTokensAtMost),
    used: counting((usage) => tokens(totalOutputTokens(usage))),
    countsOutput: true,
  },
  requests: { atMost: () => 1n, used: requestsSent, countsOutput: false },
};

export interface Use {
  readonly outcome: AttemptOutcome;
  /** All that the limit has reserved for the attempt. */
  readonly reserved: bigint;
}

/** In the unit of the limit. Where nobody told, what can have been used at most of what is reserved. */
export function usedOf(unit: BudgetUnit, attempt: AttemptEstimate, { outcome, reserved }: Use): bigint {
  const { atMost, used } = UNIT_USE[unit];
  const told = used(attempt, outcome);
  if (told !== null) return told;
  const tight = tightened(attempt, outcome);
  return tight === attempt ? reserved : least(reserved, atMost(tight) ?? reserved);
}
