/** Looks at a request once, then answers per target: what a guardrail exempts for one target it still holds against another. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { isInForce, isObserved, type Rule } from './compiled-guardrail.ts';
import type { GuardedTarget, InputInspection, InputVerdict } from './guardrail.ts';
import { scanRules, TextScanner } from './text-scanner.ts';

export const ALLOW: InputVerdict = { action: 'allow' };

/** What is known of a request beforehand. */
interface Known {
  /** The rules that find something in it. */
  readonly matching: readonly Rule[];
  /** By the rules in force, as `keyOf` names them. */
  readonly verdicts: ReadonlyMap<string, InputVerdict>;
}

export function inspectInput(request: CanonicalRequest, rules: readonly Rule[], known?: Known): InputInspection {
  const verdicts = new Map<string, InputVerdict>(known?.verdicts);
  const unreadable = operationOf(request).unreadableText?.(request);
  // What cannot be read may hold anything.
  let matching = unreadable === undefined ? known?.matching : rules;
  const matchingFor = (target: GuardedTarget): readonly Rule[] => {
    matching ??= rules.filter((rule) => matches(request, rule));
    return matching.filter((rule) => isInForce(rule, target));
  };
  return {
    observedFor: (target) =>
      matchingFor(target)
        .filter(isObserved)
        .map(({ guardrail }) => guardrail),
    verdictFor(target) {
      const inForce = matchingFor(target).filter((rule) => !isObserved(rule));
      if (unreadable !== undefined) return unreadableVerdict(unreadable, inForce);
      const key = keyOf(inForce);
      const verdict = verdicts.get(key) ?? verdictOf(request, inForce);
      verdicts.set(key, verdict);
      return verdict;
    },
  };
}

/** Of rules that match and are in force, in their order. */
export const keyOf = (rules: readonly Rule[]): string =>
  rules.map((rule) => `${rule.guardrail.policy} ${rule.guardrail.name}`).join('\n');

/** What cannot be inspected passes only where nobody inspects: else a guardrail could be evaded by sending tokens for text. */
function unreadableVerdict(unreadable: string, inForce: readonly Rule[]): InputVerdict {
  const fired = inForce.map(({ guardrail }) => guardrail);
  return fired.length === 0 ? ALLOW : { action: 'block', fired, unreadable };
}

function matches(request: CanonicalRequest, rule: Rule): boolean {
  let found = false;
  operationOf(request).mapText(request, (text) => {
    found ||= rule.matchers.some(({ matcher }) => matcher.find(text, 0) !== null);
    return text;
  });
  return found;
}

function verdictOf(request: CanonicalRequest, rules: readonly Rule[]): InputVerdict {
  if (rules.length === 0) return ALLOW;
  const blocking = rules.map((rule) => rule.guardrail).filter((guardrail) => guardrail.action === 'Block');
  if (blocking.length > 0) return { action: 'block', fired: blocking };
  const fired = new Set<PolicyGuardrail>();
  const scan = scanRules(rules);
  const masked = operationOf(request).mapText(request, (text) => {
    const scanner = new TextScanner(scan, fired);
    return scanner.push(text) + scanner.end();
  });
  return { action: 'mask', request: masked, fired: [...fired] };
}
