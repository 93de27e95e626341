/** One guardrail of the policy, compiled: its matchers and what replaces their matches. */

import type { PolicyGuardrail } from '#contract/policy/policy';
import type { Detector } from '#contract/resources/policy-rules';
import { creditCard } from './detectors/credit-card.ts';
import { email } from './detectors/email.ts';
import { pattern } from './detectors/pattern.ts';
import type { GuardedTarget } from './guardrail.ts';
import type { Matcher } from './matcher.ts';

export interface RuleMatcher {
  readonly matcher: Matcher;
  readonly replacement: string;
  readonly guardrail: PolicyGuardrail;
}

export interface Rule {
  readonly guardrail: PolicyGuardrail;
  readonly matchers: readonly RuleMatcher[];
}

const DETECTOR: Readonly<Record<Detector, { readonly matcher: Matcher; readonly replacement: string }>> = {
  Email: { matcher: email, replacement: '[EMAIL]' },
  CreditCard: { matcher: creditCard, replacement: '[CREDIT_CARD]' },
};

/** Throws when a pattern does not compile; the message names the guardrail and the pattern's place, never text of a request. */
export function compileRule(guardrail: PolicyGuardrail): Rule {
  const replacement = `[${guardrail.name.toUpperCase().replaceAll('-', '_')}]`;
  const detectors = guardrail.detect.map((name) => ({ ...DETECTOR[name], guardrail }));
  const patterns = guardrail.patterns.map((source, index) => ({
    matcher: compilePattern(source, index, guardrail),
    replacement,
    guardrail,
  }));
  return { guardrail, matchers: [...detectors, ...patterns] };
}

function compilePattern(source: string, index: number, guardrail: PolicyGuardrail): Matcher {
  try {
    return pattern(source);
  } catch (cause) {
    throw new Error(
      `AIPolicy ${guardrail.policy} guardrail ${guardrail.name} patterns[${index}] is not an RE2 expression`,
      { cause },
    );
  }
}

/** What an observed guardrail finds is told and stays as it is. */
export const isObserved = ({ guardrail }: Rule): boolean => guardrail.mode === 'Observe';

/** A guardrail is in force for a target unless its provider carries one of the tags that exempt it. */
export const isInForce = (rule: Rule, { tags }: Pick<GuardedTarget, 'tags'>): boolean =>
  !rule.guardrail.unlessTags.some((tag) => tags.includes(tag));
