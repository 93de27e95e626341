/**
 * Makes `kubectl annotate deployment app remora.dev/inject=true` work: pods never see annotations of their workload, so it is copied
 * into the pod template, and taken out again when it is removed from the workload.
 */
import { ANNOTATION } from '#contract/names/api';
import type { AdmissionDecision } from './inject.ts';
import { pointer, setKeys } from './json-patch.ts';
import type { Workload } from './pod.ts';

/** `old` is the object before an update, undefined on creation. */
export function annotateWorkload(workload: Workload, old: Workload | undefined): AdmissionDecision {
  const wanted = workload.metadata.annotations?.[ANNOTATION.inject];
  const { template, path } = templateOf(workload);
  const current = template?.metadata?.annotations?.[ANNOTATION.inject];
  if (template === undefined || wanted === current) return untouched();
  if (wanted !== undefined && wanted !== 'true' && wanted !== 'false')
    return untouched(
      `${ANNOTATION.inject} must be "true" or "false", not "${wanted}": it was not copied into the pod template`,
    );
  if (wanted !== undefined && workload.kind === 'Job' && old !== undefined)
    return untouched(`the pod template of a Job cannot change: delete the Job and create it with ${ANNOTATION.inject}`);
  return {
    allowed: true,
    operations: wanted === undefined ? taken(workload, old, path) : copied(workload, wanted),
    warnings: [],
  };
}

const untouched = (...warnings: string[]): AdmissionDecision => ({ allowed: true, operations: [], warnings });

function copied(workload: Workload, wanted: string) {
  const { template, path } = templateOf(workload);
  if (!template?.metadata)
    return [{ op: 'add' as const, path: `${path}/metadata`, value: { annotations: { [ANNOTATION.inject]: wanted } } }];
  return setKeys(`${path}/metadata/annotations`, template.metadata.annotations, { [ANNOTATION.inject]: wanted });
}

/** Only what was copied before: an annotation that the template's author wrote stays. */
function taken(workload: Workload, old: Workload | undefined, path: string) {
  const before = old?.metadata.annotations?.[ANNOTATION.inject];
  const current = templateOf(workload).template?.metadata?.annotations?.[ANNOTATION.inject];
  if (before === undefined || before !== current || workload.kind === 'Job') return [];
  return [{ op: 'remove' as const, path: `${path}/metadata/annotations${pointer(ANNOTATION.inject)}` }];
}

function templateOf({ spec }: Workload) {
  if (spec.jobTemplate) return { template: spec.jobTemplate.spec.template, path: '/spec/jobTemplate/spec/template' };
  return { template: spec.template ?? undefined, path: '/spec/template' };
}
