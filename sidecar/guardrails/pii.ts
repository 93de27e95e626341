/** What the built-in detectors find in a request: guardrails that have them all, asked without being in force. */
import { DETECTORS, type Detector } from '#contract/resources/policy-rules';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import { compileRule } from './compiled-guardrail.ts';
import type { GuardedTarget, InputInspection } from './guardrail.ts';
import { inspectInput } from './input-inspection.ts';
import { inspectInputSliced } from './sliced-inspection.ts';

export interface FoundPii {
  /** True too where text is in a form that cannot be read. */
  readonly isFound: boolean;
  readonly isUnreadable: boolean;
  /** The detectors that find something, in their order. */
  readonly kinds: readonly Detector[];
}

const ANY: GuardedTarget = { provider: '', model: '', tags: [] };

const ruleFor = (detect: readonly Detector[]) =>
  compileRule({
    ...{ policy: '', name: detect.join(' '), stage: 'Input', action: 'Block' },
    ...{ detect: [...detect], patterns: [], unlessTags: [] },
  });

const TOGETHER = [ruleFor(DETECTORS)];
const EACH = DETECTORS.map((detector) => ruleFor([detector]));

/** As `isFound` of `findPii`, and done with the first place. */
export const hasPii = (request: CanonicalRequest): boolean => foundBy(inspectInput(request, TOGETHER)).isFound;

export const findPii = (request: CanonicalRequest): FoundPii => foundBy(inspectInput(request, EACH));

/** The same of a large request, with rests between. Unless they are asked for, `kinds` are all or none. */
export function* findPiiSliced(request: CanonicalRequest, asks: { readonly kinds: boolean }): Sliced<FoundPii> {
  const rules = asks.kinds ? EACH : TOGETHER;
  return foundBy(yield* inspectInputSliced({ request, rules, tags: [ANY.tags] }));
}

function foundBy(inspection: InputInspection): FoundPii {
  const verdict = inspection.verdictFor(ANY);
  if (verdict.action !== 'block') return { isFound: false, isUnreadable: false, kinds: [] };
  const isUnreadable = verdict.unreadable !== undefined;
  return { isFound: true, isUnreadable, kinds: isUnreadable ? [] : verdict.fired.flatMap(({ detect }) => detect) };
}
