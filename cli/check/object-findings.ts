/** Objects of our kinds by their conditions: each that does not hold is a finding with the command that shows it. Pure. */
import { nameOf, type RemoraObject } from '#cli/kube/objects';
import type { Reading } from '#cli/kube/read';
import { CONDITION, REASON } from '#contract/names/conditions';
import type { Condition } from '#contract/resources/fields';
import { type CheckGroup, type Finding, failure, ok, summed, unreadable, warning } from './finding.ts';

export interface ObjectKind {
  readonly group: CheckGroup;
  readonly kind: string;
  /** What it means that there is none; undefined: nothing. */
  readonly whenNone?: string;
}

export function objectFindings(
  { group, kind, whenNone }: ObjectKind,
  read: Reading<readonly RemoraObject[]>,
): Finding[] {
  if ('fault' in read) return [unreadable(group, read.fault)];
  const { length } = read.value;
  if (length === 0) return [whenNone === undefined ? ok(group, `no ${kind}`) : warning(group, whenNone)];
  const faults = read.value.flatMap((object) => {
    const fault = faultOf(object);
    if (fault === undefined) return [];
    const { level, text } = fault;
    const { namespace, name } = object.metadata;
    const remedy = `kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}`;
    return [{ ...failure(group, `${kind} ${nameOf(object.metadata)}: ${text}`, remedy), level }];
  });
  return summed(group, faults, length === 1 ? `the only ${kind} is in effect` : `all ${length} ${kind}s are in effect`);
}

interface ObjectFault {
  readonly level: 'failure' | 'warning';
  readonly text: string;
}

/** Ready repeats the others; the first of them that does not hold is the cause. */
const ORDER: readonly string[] = [
  CONDITION.accepted,
  CONDITION.resolvedRefs,
  CONDITION.programmed,
  CONDITION.partitionsBounded,
  CONDITION.ready,
];

function faultOf({ metadata, status }: RemoraObject): ObjectFault | undefined {
  const conditions = ORDER.flatMap((type) => status?.conditions?.filter((condition) => condition.type === type) ?? []);
  if (conditions.length === 0) return { level: 'failure', text: 'the operator has not looked at it yet' };
  const broken = conditions.find((condition) => condition.status !== 'True');
  if (broken !== undefined)
    return { level: broken.reason === REASON.pending ? 'warning' : 'failure', text: textOf(broken) };
  const generation = metadata.generation ?? 1;
  const old = conditions.find(({ observedGeneration }) => (observedGeneration ?? generation) < generation);
  if (old !== undefined)
    return { level: 'warning', text: `the operator has not looked at generation ${generation} yet` };
  const partial = conditions.find(
    ({ reason }) => reason === REASON.priceUnknown || reason === REASON.capabilityMissing,
  );
  return partial === undefined ? undefined : { level: 'warning', text: textOf(partial) };
}

const textOf = ({ type, status, reason, message }: Condition): string => `${type}=${status} (${reason}): ${message}`;
