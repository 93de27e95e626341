/** Why targets of a rule are not asked, as data: what refuses a request with nobody left, and what explains one, says it from here. */
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { CompiledRequirement } from './policy/requirement.ts';
import type { CompiledTarget } from './policy/snapshot.ts';

export type LeftOutBy =
  /** An operation whose answers must all come from one model, which this target does not have. */
  | { readonly reason: 'OtherModel' }
  /** What the request names is kept by another account. */
  | { readonly reason: 'OtherAccount' }
  | { readonly reason: 'Denied'; readonly policy: string }
  | { readonly reason: 'TagsMissing'; readonly requirement: CompiledRequirement }
  /** Nobody is ready behind the Service, `namespace/name`. */
  | { readonly reason: 'NoEndpoint'; readonly service: string }
  | { readonly reason: 'NoCredential' }
  | { readonly reason: 'Guardrail'; readonly error: RemoraError };

export interface LeftOut {
  readonly target: CompiledTarget;
  readonly by: LeftOutBy;
}

export const OTHER_MODEL: LeftOutBy = { reason: 'OtherModel' };
export const OTHER_ACCOUNT: LeftOutBy = { reason: 'OtherAccount' };
export const NO_CREDENTIAL: LeftOutBy = { reason: 'NoCredential' };

/** A sentence on targets that a request of this kind is never led to, though they could have been meant to help; empty when there are none. */
export function notTried(leftOut: readonly LeftOut[]): string {
  const others = leftOut.filter(({ by }) => by.reason === 'OtherModel').map(({ target }) => target.policy.name);
  return others.length === 0
    ? ''
    : `Targets of another model (${[...new Set(others)].join(', ')}) are never tried for such a request: what two models answer cannot be compared.`;
}
