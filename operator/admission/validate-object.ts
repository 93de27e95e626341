/**
 * Refuses an object of our own kinds that is wrong in itself, with the sentences that its condition would have: what no schema can say, such as the
 * place of a fault in an expression. What depends on other objects is for conditions alone.
 */
import { isDeepStrictEqual } from 'node:util';
import { checkResource } from '#contract/compile/check-resource';
import { problemsText } from '#contract/compile/problem';
import { scopeNotes } from '#contract/compile/scope-notes';
import type { AdmissionDecision } from './inject.ts';

/** As the API server gives it; without `oldObject` the object is new, without `object` it is deleted. */
export interface Change {
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

const UNPROCESSABLE = 422;

/** Nothing that is on its way out, and no edit beside the spec, is held up by an object that was wrong before. */
export function validateObject(
  { object, oldObject }: Change,
  platformNamespaces: ReadonlySet<string>,
): AdmissionDecision {
  if (isDeleted(object, oldObject) || isLeaving(object) || isSameSpec(object, oldObject)) return allowed([]);
  const checked = checkResource(object);
  return checked.ok
    ? allowed(scopeNotes(checked.resource, platformNamespaces))
    : { allowed: false, reason: problemsText(checked.problems), code: UNPROCESSABLE };
}

const allowed = (warnings: readonly string[]): AdmissionDecision => ({ allowed: true, operations: [], warnings });

interface AnyObject {
  readonly metadata?: { readonly deletionTimestamp?: unknown } | null;
  readonly spec?: unknown;
}

const asObject = (value: unknown): AnyObject => (typeof value === 'object' && value !== null ? value : {});

const isDeleted = (object: unknown, oldObject: unknown): boolean =>
  (object ?? undefined) === undefined && (oldObject ?? undefined) !== undefined;

const isLeaving = (object: unknown): boolean => typeof asObject(object).metadata?.deletionTimestamp === 'string';

const isSameSpec = (object: unknown, oldObject: unknown): boolean =>
  asObject(oldObject).spec !== undefined && isDeepStrictEqual(asObject(object).spec, asObject(oldObject).spec);
