/** The identity of a policy: what an acknowledgement, a log line and `x-remora-policy` name. */
import type { Policy } from './policy.ts';
import { sectionsHash, sectionsOf } from './sections.ts';

/** The hash over a policy's sections, so that both ends of a delta compute the same one. 64 hex digits. */
export const policyHash = (policy: Policy): string => sectionsHash(sectionsOf(policy));
