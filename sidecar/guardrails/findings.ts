/** What guardrails find in a request, as kinds and counts and never as text: for whoever asks why a request goes where it goes. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Rule } from './compiled-guardrail.ts';
import type { Finding } from './guardrail.ts';
import type { Matcher } from './matcher.ts';

/** Of the rules that find anything. */
export const findingsIn = (request: CanonicalRequest, rules: readonly Rule[]): readonly Finding[] =>
  rules.map((rule) => findingOf(request, rule)).filter(({ found }) => found.length > 0);

function findingOf(request: CanonicalRequest, { guardrail, matchers }: Rule): Finding {
  const kinds = kindsOf(guardrail);
  const found = matchers.flatMap(({ matcher }, index) => {
    const count = countIn(request, matcher);
    return count === 0 ? [] : [{ kind: kinds[index] ?? '', count }];
  });
  return { guardrail, found };
}

/** In the order of the matchers. */
const kindsOf = ({ detect, patterns }: PolicyGuardrail): readonly string[] => [
  ...detect,
  ...patterns.map((_, index) => `patterns[${index}]`),
];

function countIn(request: CanonicalRequest, matcher: Matcher): number {
  let count = 0;
  operationOf(request).mapText(request, (text) => {
    for (
      let match = matcher.find(text, 0);
      match !== null;
      match = matcher.find(text, Math.max(match.end, match.start + 1))
    )
      count += 1;
    return text;
  });
  return count;
}
