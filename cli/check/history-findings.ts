/** Whether the pod that keeps the history of usage is there. Traffic and budgets do not need it. Pure. */
import { type DeploymentObject, nameOf } from '#cli/kube/objects';
import type { Reading } from '#cli/kube/read';
import { type Finding, ok, warning } from './finding.ts';

/** Of StatefulSets, which look as Deployments do here. None: it is kept in PostgreSQL, or not at all. */
export function historyFindings(read: Reading<readonly DeploymentObject[]>): Finding[] {
  if ('fault' in read) return [warning('history', `cannot be read: ${read.fault}`, 'kubectl auth whoami')];
  return read.value.map(({ metadata, status }) => {
    const named = `StatefulSet ${nameOf(metadata)}`;
    if ((status?.readyReplicas ?? 0) > 0) return ok('history', `${named} keeps usage`);
    return warning(
      'history',
      `${named} is not ready: usage waits in sidecars, 5000 rows in each, and reports are not answered; its volume may be missing`,
      `kubectl -n ${metadata.namespace} describe pod ${metadata.name}-0`,
    );
  });
}
