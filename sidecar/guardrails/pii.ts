/** Whether a request holds what the built-in detectors look for: the guardrail that has them all, asked without being in force. */
import { DETECTORS } from '#contract/resources/ai-policy';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import { compileRule } from './compiled-guardrail.ts';
import type { GuardedTarget, InputInspection } from './guardrail.ts';
import { inspectInput } from './input-inspection.ts';
import { inspectInputSliced } from './sliced-inspection.ts';

const ANY: GuardedTarget = { provider: '', model: '', tags: [] };
const RULES = [
  compileRule({
    ...{ policy: '', name: 'pii', stage: 'Input', action: 'Block' },
    ...{ detect: [...DETECTORS], patterns: [], unlessTags: [] },
  }),
];

/** True too where text is in a form that cannot be read. */
export const hasPii = (request: CanonicalRequest): boolean => isFound(inspectInput(request, RULES));

/** The same of a large request, with rests between. */
export function* hasPiiSliced(request: CanonicalRequest): Sliced<boolean> {
  return isFound(yield* inspectInputSliced({ request, rules: RULES, tags: [ANY.tags] }));
}

const isFound = (inspection: InputInspection): boolean => inspection.verdictFor(ANY).action === 'block';
