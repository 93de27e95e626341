/** What becomes of a request that a rule with variants decides: which variant it is drawn for, and whether it may be copied at all. */

import { isKnownAccount } from '#sidecar/pipeline/accounts/account-of';
import { type PinQuestion, speaks } from '#sidecar/pipeline/accounts/pin-targets';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { happensOnce } from '#sidecar/pipeline/happens-once';
import type { Caller } from '#sidecar/pipeline/identify';
import type { CompiledRule, CompiledTarget, CompiledVariant, Experiment } from '#sidecar/pipeline/policy/snapshot';
import { callerHeader } from '#sidecar/pipeline/request-recorder';
import { drawVariant } from './draw-variant.ts';

export interface TrialQuestion extends PinQuestion {
  readonly caller: Caller;
  readonly random: () => number;
  /** Whether a variant gets no more requests, whatever its share. */
  readonly isRolledBack: (experiment: Experiment, variant: CompiledVariant) => boolean;
}

/** undefined: the request takes part in none. `order`: the targets of the rule. */
export function trialOf(
  { experiment }: CompiledRule,
  order: readonly CompiledTarget[],
  question: TrialQuestion,
): CompiledVariant | undefined {
  if (experiment === undefined) return undefined;
  const isLedTo = accountsOf(question);
  if (isLedTo !== undefined) {
    // What only the account of a variant keeps goes on there, whatever would be drawn.
    const others = new Set(order.map(({ provider }) => provider));
    const keeper = experiment.variants.find(
      ({ policy, target }) => policy.mode === 'Live' && isLedTo(target) && !others.has(target.provider),
    );
    if (keeper !== undefined) return keeper;
  }
  const drawn = promotedOf(experiment) ?? drawVariant(experiment, keyOf(question), question.random);
  if (drawn === undefined || question.isRolledBack(experiment, drawn)) return undefined;
  if (drawn.policy.mode === 'Shadow') return mayBeCopied(drawn, question) ? drawn : undefined;
  return isLedTo === undefined || isLedTo(drawn.target) ? drawn : undefined;
}

/** Once a variant is promoted, nobody is drawn for another. */
const promotedOf = ({ variants }: Experiment): CompiledVariant | undefined =>
  variants.find(({ policy }) => policy.state === 'Promoted');

/** A variant that clients get answers of is tried first. */
export const trialFirst = (
  trial: CompiledVariant | undefined,
  order: readonly CompiledTarget[],
): readonly CompiledTarget[] => (trial?.policy.mode === 'Live' ? [trial.target, ...order] : order);

/** The variant, unless its target may not be asked this. What is copied is judged when it is. */
export const startTrial = (
  trial: CompiledVariant | undefined,
  candidates: readonly Candidate[],
): CompiledVariant | undefined =>
  trial?.policy.mode === 'Shadow' || candidates.some(({ target }) => target === trial?.target) ? trial : undefined;

/** Whose requests are drawn for the same: those of a session, else of an end user. */
function keyOf({ call, caller }: TrialQuestion): string | undefined {
  const session = callerHeader(call, 'session');
  if (session !== undefined) return `session ${session}`;
  return caller.user === undefined ? undefined : `user ${caller.user}`;
}

/** undefined: the request is about nothing that an account keeps already; else the targets at the accounts that it is known or stated to be about. */
function accountsOf({ call, request, keepers }: TrialQuestion): ((target: CompiledTarget) => boolean) | undefined {
  const keeping = call.endpoint.dialect.keeping?.(request);
  if (keeping === undefined) return undefined;
  const stated = callerHeader(call, 'provider');
  if (keeping.names.length === 0 && stated === undefined) return undefined;
  return ({ provider }) => isKnownAccount(provider, { keeping, stated, keepers });
}

/** Nothing may happen twice but the answer itself. */
function mayBeCopied({ target }: CompiledVariant, { call, request }: TrialQuestion): boolean {
  if (happensOnce(call, request)) return false;
  const keeping = call.endpoint.dialect.keeping?.(request);
  return keeping === undefined || (keeping.names.length === 0 && !speaks(target.provider, keeping.by));
}
