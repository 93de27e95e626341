/** What the API server shows and asks, as facts of the audit; pure. */
import {
  type AdmittedFact,
  type AuditChange,
  type DecidedFact,
  deletionOf,
  type SeenFact,
  versionOf,
} from '#contract/history/audit';
import type { AuditAction } from '#contract/history/audit-actions';
import { masked, specDigest } from '#contract/history/audit-mask';
import { plainText } from '#contract/history/plain-text';
import type { Json } from '#contract/policy/canonical-json';
import { sha256 } from '#contract/policy/sha256';
import type { KubeObject } from '#operator/kube/resource-type';

/** As far as the audit looks at it. */
export interface AuditedObject extends KubeObject {
  readonly spec?: unknown;
  readonly metadata: KubeObject['metadata'] & {
    readonly creationTimestamp?: string;
    readonly managedFields?: readonly { readonly time?: string; readonly subresource?: string }[];
  };
}

/** It came as JSON. */
const specOf = ({ spec }: { readonly spec?: unknown }): Json => (spec ?? null) as Json;

export function seenFact(object: AuditedObject, timeMs: number): SeenFact {
  const { kind = '', metadata } = object;
  const { uid = '', generation = 1, namespace = '', name } = metadata;
  const spec = specOf(object);
  return { is: 'seen', kind, namespace, name, uid, generation, timeMs, digest: specDigest(spec), spec: masked(spec) };
}

/** When this version was written, as the API server noted it: by the second. Its status has times of its own. */
export function writtenMs({ metadata: { managedFields = [], creationTimestamp } }: AuditedObject): number | undefined {
  const times = managedFields.flatMap(({ time, subresource }) => (time && !subresource ? [Date.parse(time)] : []));
  const all = [...times, ...(creationTimestamp === undefined ? [] : [Date.parse(creationTimestamp)])];
  return all.length === 0 ? undefined : Math.max(...all);
}

/** A request that admission let pass. */
export interface Admitted {
  readonly operation: string;
  readonly username: string;
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

/** undefined: of no moment for the audit, such as an edit beside the spec. */
export function admittedFact(
  { operation, username, object, oldObject }: Admitted,
  timeMs: number,
): AdmittedFact | undefined {
  const version = operation === 'DELETE' ? deletionVersion(oldObject) : writeVersion(object, oldObject);
  const actor = plainText(username);
  return version === undefined || actor === '' ? undefined : { is: 'admitted', version, actor, timeMs };
}

const asObject = (value: unknown): Partial<AuditedObject> => (typeof value === 'object' && value !== null ? value : {});

function deletionVersion(oldObject: unknown): string | undefined {
  const uid = asObject(oldObject).metadata?.uid;
  return uid === undefined ? undefined : deletionOf(uid);
}

/** The API server has given uid and generation by then. */
function writeVersion(object: unknown, oldObject: unknown): string | undefined {
  const { uid, generation } = asObject(object).metadata ?? {};
  if (uid === undefined || generation === undefined) return undefined;
  if (generation === asObject(oldObject).metadata?.generation) return undefined;
  return versionOf({ uid, generation, digest: specDigest(specOf(asObject(object))) });
}

/** What the operator did by itself. */
export interface Decision {
  readonly action: AuditAction;
  /** What it is about; without a kind: the whole cluster. */
  readonly object?: { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: string };
  /** With what it is about it says which decision it is: told twice it is one. */
  readonly what: string;
  readonly changes?: readonly AuditChange[];
  readonly outcome: string;
}

export function decidedFact(
  { action, object, what, changes = [], outcome }: Decision,
  actor: string,
  timeMs: number,
): DecidedFact {
  const about = object ?? { kind: '', namespace: '', name: '', uid: '' };
  return {
    ...{ is: 'decided', action, actor, timeMs, changes: [...changes] },
    ...{ kind: about.kind, namespace: about.namespace, name: about.name, uid: about.uid },
    id: sha256(JSON.stringify([action, about.uid, what])),
    outcome: plainText(outcome, 2_048),
  };
}
