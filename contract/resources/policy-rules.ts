/** What an AIPolicy insists on, entry by entry, as a compiled policy states it in the same words. */
import { z } from 'zod';
import { dnsLabel, expression, modelName, tag } from './fields.ts';
import { isRe2, setOf, withRules } from './validation.ts';

export const DETECTORS = ['Email', 'CreditCard'] as const;
export type Detector = (typeof DETECTORS)[number];

const modelPatterns = setOf(modelName, { max: 64 }).default([]);

const re2Expression = withRules(z.string().min(1).max(512), [
  {
    // An expression that does not compile is an error in CEL, which no operator but `||` and `&&` would swallow.
    rule: "''.matches(self) in [true, false]",
    message: 'must be an RE2 expression, without look-around and back-references',
    holds: isRe2,
  },
]);

export const aiPolicyGuardrail = withRules(
  z.object({
    name: dnsLabel('Name of the guardrail within this AIPolicy; refusals and logs name it.'),
    stage: z.enum(['Input', 'Output']).describe('What is inspected: what the app sends, or what the model answers.'),
    detect: setOf(z.enum(DETECTORS), { max: 8 }).default([]).describe('Built-in detectors.'),
    patterns: setOf(re2Expression, { max: 16 })
      .default([])
      .describe('RE2 expressions. An output pattern may match at most 256 characters.'),
    action: z.enum(['Mask', 'Block']).describe('Mask replaces what was found by its kind in brackets; Block refuses.'),
    unlessTags: setOf(tag, { max: 16 })
      .default([])
      .describe('Targets whose AIProvider carries any of these tags are exempt.'),
  }),
  [
    {
      rule: '(has(self.detect) && size(self.detect) > 0) || (has(self.patterns) && size(self.patterns) > 0)',
      message: 'state at least one of detect and patterns',
      holds: ({ detect, patterns }) => detect.length + patterns.length > 0,
    },
  ],
);

export const aiPolicyModels = withRules(
  z.object({
    allow: modelPatterns.describe(
      'Only targets that match one of these, as `provider/model` with `*` for any run of characters. Empty: all.',
    ),
    deny: modelPatterns.describe('Targets that match one of these are never used. Wins over allow.'),
  }),
  [
    {
      rule: '(has(self.allow) && size(self.allow) > 0) || (has(self.deny) && size(self.deny) > 0)',
      message: 'state at least one of allow and deny',
      holds: ({ allow, deny }) => allow.length + deny.length > 0,
    },
  ],
);

export const aiPolicyRequirement = z.object({
  when: expression(
    'CEL over `request`, `caller` and `now`. Omitted: always. A request for which it cannot be evaluated is taken as one for which it holds.',
  ).optional(),
  tags: setOf(tag, { min: 1, max: 16 }).describe(
    'Only targets whose AIProvider carries all of these may be used. Tags count only from a platform namespace.',
  ),
});
