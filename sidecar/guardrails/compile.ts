/** The guardrails of one policy, compiled once when the policy is applied. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import { compileRule, isInForce, isObserved, type Rule } from './compiled-guardrail.ts';
import { findingsIn } from './findings.ts';
import type { GuardedTarget, Guardrails, OutputGuard } from './guardrail.ts';
import { inspectInput } from './input-inspection.ts';
import { outputGuard } from './output-guard.ts';
import { inspectInputSliced } from './sliced-inspection.ts';
import { scanRules } from './text-scanner.ts';

/** Throws when a pattern does not compile. */
export function compileGuardrails(guardrails: readonly PolicyGuardrail[]): Guardrails {
  const rules = guardrails.map(compileRule);
  const input = rules.filter((rule) => rule.guardrail.stage === 'Input');
  const output = rules.filter((rule) => rule.guardrail.stage === 'Output');
  const enforcedOutput = output.filter((rule) => !isObserved(rule));
  const observedOutput = output.filter(isObserved);
  return {
    hasInput: input.length > 0,
    hasObserved: rules.some(isObserved),
    inspectInput: (request) => inspectInput(request, input),
    findings: (request) => findingsIn(request, input),
    inspectInputSliced: (request, tags) => inspectInputSliced({ request, rules: input, tags }),
    outputGuard: (target) => guardOf(enforcedOutput, target),
    outputWatch: (target) => guardOf(observedOutput, target),
  };
}

function guardOf(rules: readonly Rule[], target: GuardedTarget): OutputGuard | null {
  const inForce = rules.filter((rule) => isInForce(rule, target));
  if (inForce.length === 0) return null;
  return { ...outputGuard(scanRules(inForce)), guardrails: inForce.map(({ guardrail }) => guardrail) };
}
