/** What an AIRoute says of a classifier of its own: a service that is asked what a request is, beside the sidecar's own judgement. */
import { z } from 'zod';
import { duration, durationMs } from './fields.ts';
import { httpAddress, type TwinRule, withRules } from './validation.ts';

/** Every request of the route waits for it. */
const SOON: TwinRule<{ readonly deadline?: string | undefined }> = {
  rule: "!has(self.deadline) || duration(self.deadline) <= duration('5s')",
  message: 'deadline must be at most 5s, since every request of the route waits so long',
  holds: ({ deadline }) => deadline === undefined || durationMs(deadline) <= 5_000,
};

export const aiRouteClassifier = withRules(
  z.object({
    url: httpAddress(
      512,
      'must be an address such as "http://classifier.ml:8080/classify", without user, query, fragment or escapes',
    ).describe(
      'Asked by POST, once per request, where a rule of this route names a task or a complexity. It gets the beginning and the end of the text as the guardrails leave it for a target without tags, and no credential. Private hosts are allowed, too.',
    ),
    deadline: duration(
      'How long its answer is waited for; then, and where it answers with an error or nonsense, the sidecar’s own judgement stands. Default 50ms.',
    ).optional(),
  }),
  [SOON],
);
