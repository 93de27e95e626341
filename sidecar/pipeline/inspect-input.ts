/** What the input guardrails make of the request, per target, since exemptions go by the target's tags. */
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { InputInspection } from '#sidecar/guardrails/guardrail';
import { ALLOW } from '#sidecar/guardrails/input-inspection';
import type { Snapshot } from './policy/snapshot.ts';

const ALLOW_ALL: InputInspection = { verdictFor: () => ALLOW, observedFor: () => [] };

export const inspectInput = (request: CanonicalRequest, { guardrails }: Snapshot): InputInspection =>
  guardrails.hasInput ? guardrails.inspectInput(request) : ALLOW_ALL;
